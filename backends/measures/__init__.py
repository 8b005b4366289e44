"""What is measured of sets of pictures: how natural, how diverse, how likely under a prior."""
