"""Finite pools of draws: retrieval, weights, which points to show."""
