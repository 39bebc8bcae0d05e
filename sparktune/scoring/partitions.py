"""A table scored partition by partition: what is whole is kept when scoring is killed and started again."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

from sparktune.errors import ScoringError
from sparktune.scoring.signature import quoted
from sparktune.scoring.table_io import exists, names, write

# The text of a value in the name of its folder; NULL for all that Spark writes to its default folder.
FOLDER = "nullif(nullif(make_valid_utf8(CAST({0} AS STRING)), ''), '__HIVE_DEFAULT_PARTITION__')"
NOTES = "_scored"  # Spark's readers pass over names that begin with _
GROUPS = 16  # writes of one run at most; each reads the source, or its partitions where it has the same ones


@final
@dataclass(frozen=True)
class ScoringProgress:
    """How far scoring has come: partitions that are written, of how many, and what this run did."""

    partitions: int
    total: int
    rows: int
    seconds: float

    def __str__(self) -> str:
        speed = self.rows / self.seconds if self.seconds else 0.0
        return f"{self.partitions} of {self.total} partitions, {self.rows:,} rows, {speed:,.0f} rows/s"


OnScored = Callable[[ScoringProgress], None]


@final
@dataclass(frozen=True)
class PartitionedTarget:
    """A folder with one folder for each value of a column, and notes of those that are finished.

    `identity` says what is written there: a run with another one does not go on with it. Its `zone` is
    Spark's time zone, in which timestamps name their folders.
    """

    spark: Any
    path: str
    column: str
    identity: dict[str, Any]

    def begin(self) -> set[str | None]:
        """Note what will be written, where nothing is yet; gives the folders that are whole, by `folder`.

        Raises:
            ScoringError: the folder is there, but holds something else.
        """
        place = f"{self.path}/{NOTES}"
        noted_rows = self.spark.read.text(place).collect() if exists(self.spark, place) else []
        lines = [json.loads(row.value) for row in noted_rows]
        zone = {"zone": self.identity["zone"]}  # former versions do not note it
        noted = [zone | line["identity"] for line in lines if "identity" in line]
        if not lines and set(names(self.spark, self.path)) <= {NOTES}:
            self._note({"identity": self.identity})
        elif self.identity not in noted:
            raise ScoringError(
                f"the output {self.path!r} exists already, but not from this command, or its input has "
                "changed since, or Spark's time zone (spark.sql.session.timeZone); choose another place, or "
                "replace it by --overwrite (in Python by mode='overwrite')"
            )
        return {folder for line in lines for folder in line.get("finished", ())}

    @property
    def folder(self) -> Any:
        """The text of a row's folder; what has the same one must be written at once."""
        from pyspark.sql.functions import expr

        return expr(FOLDER.format(quoted(self.column)))

    def write(self, frame: Any, folders: list[str | None]) -> None:
        """Write these folders, in place of what a killed run left of them."""
        # A task that meets two values of one folder would write the second over the first.
        write(frame.withColumn(self.column, self.folder), self.path, "overwrite", self.column)
        self._note({"finished": folders})

    def _note(self, line: dict[str, Any]) -> None:
        frame = self.spark.createDataFrame([(json.dumps(line),)], "value string").coalesce(1)
        frame.write.mode("append").text(f"{self.path}/{NOTES}")


def score_partitions(
    source: Any,
    target: PartitionedTarget,
    scored: Callable[[Any], tuple[Any, Callable[[], int]]],
    on_progress: OnScored,
) -> int:
    """Score and write what is not finished yet; returns the number of rows of this run.

    Args:
        source: the rows.
        target: where they go.
        scored: gives, of rows, the frame to write, and a function that says how many there were.
        on_progress: called after each write.
    """
    finished = target.begin()
    folders = [row.folder for row in source.select(target.folder.alias("folder")).distinct().collect()]
    left = sorted((folder for folder in folders if folder not in finished), key=lambda folder: folder or "")
    done, rows, started = len(folders) - len(left), 0, time.monotonic()
    size = max(1, -(-len(left) // GROUPS))
    for group in [left[start : start + size] for start in range(0, len(left), size)]:
        frame, count = scored(source.filter(_among(target.folder, group)))
        target.write(frame, group)
        done, rows = done + len(group), rows + count()
        on_progress(ScoringProgress(done, len(folders), rows, time.monotonic() - started))
    return rows


def _among(column: Any, values: list[str | None]) -> Any:
    """Whether a column has one of the values, NULL among them."""
    known = [value for value in values if value is not None]
    among = column.isin(known)
    return among if len(known) == len(values) else column.isNull() | among
