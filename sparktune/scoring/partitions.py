"""A table scored partition by partition: what is whole is kept when scoring is killed and started again."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, final

from sparktune.errors import ScoringError
from sparktune.scoring.signature import quoted
from sparktune.scoring.table_io import exists, write

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

    `identity` says what is written there: a run with another one does not go on with it.
    """

    spark: Any
    path: str
    column: str
    identity: dict[str, Any]

    def finished(self) -> set[str | None]:
        """The values, as text, whose partitions are whole.

        Raises:
            ScoringError: the folder is there, but holds something else.
        """
        if not exists(self.spark, self.path):
            return set()
        lines = [json.loads(row.value) for row in self._notes()] if self._noted() else []
        if {"identity": self.identity} not in lines:
            raise ScoringError(
                f"the output {self.path!r} exists already, but not from this command; choose another place, "
                'or replace it by --overwrite (in Python by mode="overwrite")'
            )
        return {value for line in lines for value in line.get("finished", ())}

    def begin(self) -> None:
        """Note what will be written, before anything is."""
        self._note({"identity": self.identity})

    def write(self, frame: Any, values: list[str | None]) -> None:
        """Write the partitions of these values, in place of what a killed run left of them."""
        write(frame, self.path, "overwrite", self.column)
        self._note({"finished": values})

    def _noted(self) -> bool:
        return exists(self.spark, f"{self.path}/{NOTES}")

    def _notes(self) -> list[Any]:
        return list(self.spark.read.text(f"{self.path}/{NOTES}").collect())

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
    from pyspark.sql.functions import col

    finished = target.finished()
    if not exists(target.spark, target.path):
        target.begin()
    column = col(quoted(target.column))
    values = source.select(column.alias("value"), column.cast("string").alias("text")).distinct().collect()
    left = sorted((row for row in values if row.text not in finished), key=lambda row: row.text or "")
    done, rows, started = len(values) - len(left), 0, time.monotonic()
    for group in _groups(left):
        frame, count = scored(source.filter(_among(column, [row.value for row in group])))
        target.write(frame, [row.text for row in group])
        done, rows = done + len(group), rows + count()
        on_progress(ScoringProgress(done, len(values), rows, time.monotonic() - started))
    return rows


def _groups(rows: list[Any]) -> Iterator[list[Any]]:
    size = -(-len(rows) // GROUPS)
    return (rows[start : start + size] for start in range(0, len(rows), size or 1))


def _among(column: Any, values: list[Any]) -> Any:
    """Whether a column has one of the values, NULL among them."""
    known = [value for value in values if value is not None]
    among = column.isin(known)
    return among if len(known) == len(values) else column.isNull() | among
