"""Samplers for any world. They see no law of a score."""
