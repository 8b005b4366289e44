"""The distributional view of visual mechanistic interpretability, made checkable."""
