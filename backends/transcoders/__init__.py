"""Transcoders: the network, its published folder format, training and evaluation."""
