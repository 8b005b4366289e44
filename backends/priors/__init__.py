"""Diffusion priors that a user has: folders of diffusers, of pixels, of latents, or of latents with a text encoder."""
