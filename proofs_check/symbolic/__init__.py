"""Steps of the proofs as identities of computer algebra."""
