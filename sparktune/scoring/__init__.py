"""Bundles in Spark SQL: as a function, and over whole tables."""

from sparktune.scoring.function import register
from sparktune.scoring.job import score
from sparktune.scoring.place import check_lasting

__all__ = ["check_lasting", "register", "score"]
