"""A static site of all features of a store, opened from a file: an index, and a page for each feature."""
