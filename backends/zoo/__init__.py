"""Loaders of real networks and pictures from local files."""
