"""Bundles in Spark SQL: as a function, and over whole tables."""

from sparktune.scoring.batch import score
from sparktune.scoring.sql import register
from sparktune.scoring.table_io import check_lasting

__all__ = ["check_lasting", "register", "score"]
