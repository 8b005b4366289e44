"""A learned H_t: one small network that knows the law of several features' scores at every noise level."""
