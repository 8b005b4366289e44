"""A backend that works offline: 28 x 28 animal pictures, a small ConvNeXt, a transcoder and a diffusion prior."""
