"""Ways to make points at a mean score, each by one protocol: bring the knob to a level, then draw."""
