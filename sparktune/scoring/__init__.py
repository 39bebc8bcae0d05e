"""Bundles in Spark SQL: as a function, and over whole tables."""

from typing import TYPE_CHECKING

from sparktune.lazy import lazily

if TYPE_CHECKING:
    from sparktune.scoring.batch import score
    from sparktune.scoring.sql import register
    from sparktune.scoring.targets import check_lasting
    from sparktune.scoring.without_spark import score_files

__all__ = ["check_lasting", "register", "score", "score_files"]

# a worker that scores never loads what runs on the driver
__getattr__, __dir__ = lazily(
    __name__,
    {
        "check_lasting": "sparktune.scoring.targets",
        "register": "sparktune.scoring.sql",
        "score": "sparktune.scoring.batch",
        "score_files": "sparktune.scoring.without_spark",
    },
)
