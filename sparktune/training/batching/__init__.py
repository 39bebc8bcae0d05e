"""Batching (experimental): alike small trials that train together, as one vectorised computation."""
