"""Stores of feature scores: what a scan writes, and every question about features reads. Needs no torch."""
