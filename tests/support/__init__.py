"""Worlds, strategies and oracles that several tests share."""
