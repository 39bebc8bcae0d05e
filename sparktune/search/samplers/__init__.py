"""Samplers: each proposes configurations in its own way."""
