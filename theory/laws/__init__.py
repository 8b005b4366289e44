"""Laws of the score: the protocol `ScoreLaw` and the Gaussian, atomic and piecewise ones."""
