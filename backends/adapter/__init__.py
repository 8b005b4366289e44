"""A torch denoiser, schedule and score as a world for everything in `theory`."""
