"""Batching (experimental): small trials that share graphs, trained as one vectorised computation."""
