"""How far a sampled mean may be from the truth."""

STANDARD_ERRORS = 4.5
"""By chance one check in 150 000 is farther off."""
