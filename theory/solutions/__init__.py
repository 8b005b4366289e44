"""Truncation and tilt of a law: calibration, divergence, speed, and the gap between the two."""
