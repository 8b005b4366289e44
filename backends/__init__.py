"""Torch: a world from any denoiser and score, transcoder features, DINOv3 and ADM loaders, an embedded backend.

The only package that imports torch. It needs the extra `torch` (`dino` for the loaders): `docs/how-to/reproduce.md`.
"""
