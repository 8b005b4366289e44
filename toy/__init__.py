"""The toy world of the paper: a 2D Gaussian mixture with an angular score, its exact score law, and Table 2.

The entry points (`python -m figures`, `python -m toy.recover`, the tests) switch JAX to 64 bits; no module here does.
"""
