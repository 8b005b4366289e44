"""Finite measures with explicit masses (added task scores, restricted families), and the Gaussian of Lemma F.4."""
