"""Bundles in Spark SQL: as a function, and over whole tables."""

from sparktune.scoring.function import register
from sparktune.scoring.job import score

__all__ = ["register", "score"]
