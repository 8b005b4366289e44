"""One pass over pictures that keeps the scores of all features: `dview scan`."""
