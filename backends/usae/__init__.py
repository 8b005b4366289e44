"""One dictionary for several backbones: a universal sparse autoencoder."""
