"""Tables scored in this process: nothing waits for Spark."""

import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import islice, pairwise
from pathlib import Path
from typing import Literal, final

import pyarrow as pa
import pyarrow.parquet as pq
from threadpoolctl import threadpool_limits

from sparktune.bundle import Bundle
from sparktune.bundle.engines.registry import engine_class
from sparktune.bundle.payload import ModelPayload, Predictor, load_payload, to_payload
from sparktune.columns.arrow import plain
from sparktune.columns.names import find
from sparktune.columns.schema import Schema
from sparktune.cores import usable_cores
from sparktune.errors import ScoringError
from sparktune.files import whole_folder
from sparktune.scoring.parquet_files import ParquetFiles, is_parquet_here
from sparktune.scoring.targets import check_target_name, holds_source, target_exists
from sparktune.scoring.types import MOMENTS, answer_names, check_columns, check_kept
from sparktune.scoring.worker import predict_batch
from sparktune.signals import ended_by_signals

BATCH_ROWS = 16_384  # numbers of a batch that stay in the cache
BATCHES = 16  # in a row group


def score_files(
    bundle: Bundle,
    source: str,
    target: str,
    mode: Literal["error", "overwrite"] = "error",
    columns: Sequence[str] | None = None,
) -> int | None:
    """Do what `score` does, without Spark, where the outcome is the same.

    The files of `source` are read in parts, a thread for each core. `target` becomes a folder of Parquet
    files, once all of them are whole; one that is replaced stays until then.

    Args:
        bundle: the model.
        source: a path.
        target: a path.
        mode: "error" refuses a target that exists; "overwrite" replaces it.
        columns: columns of the source to write; all by default.

    Returns:
        The number of rows; None, and nothing is done, where this takes Spark: the source or the target is no
        Parquet on this machine, the engine is not `light`, a column has a type that Spark reads in
        its own way, or holds dates of another type than in training.

    Raises:
        ScoringError: as `score`.
    """
    if not is_parquet_here(target) or not engine_class(bundle.manifest.engine).light:
        return None
    check_target_name(source, target, mode)
    if mode == "error" and os.path.lexists(target):
        raise target_exists(target)
    files = ParquetFiles.find(source)
    if files is None:
        return None
    held = [path for path in files.paths if path.resolve().is_relative_to(Path(target).resolve())]
    if held:
        raise holds_source(target, held[0])
    features = check_columns(bundle.schema, files.types, case_sensitive=False)
    if not _as_trained(bundle.schema, files, features):
        return None
    kept = files.schema.names if columns is None else [find(name, files.types, "column") for name in columns]
    check_kept(bundle.schema, kept)
    job = _Job(to_payload(bundle), files, tuple(features), tuple(kept))
    try:
        with ended_by_signals(), whole_folder(Path(target), replace=mode == "overwrite") as folder:
            rows = job.score_all(folder)
            (folder / "_SUCCESS").touch()  # as Spark writes it
    except FileExistsError:
        raise target_exists(target) from None
    except OSError as error:
        raise ScoringError(f"the output {target!r} cannot be written: {error}") from None
    return rows


@final
@dataclass(frozen=True)
class _Part:
    """Some row groups of a file, and the number of their file in the target."""

    path: Path
    groups: range
    number: int


@final
@dataclass(frozen=True)
class _Job:
    """What is done with each part: `features` are read in the model's order, `kept` are written."""

    payload: ModelPayload
    files: ParquetFiles
    features: tuple[str, ...]
    kept: tuple[str, ...]
    stopped: threading.Event = field(default_factory=threading.Event)
    of_thread: threading.local = field(default_factory=threading.local)

    def score_all(self, folder: Path) -> int:
        """Write each part to a file of `folder`; gives all rows."""
        threads = usable_cores()
        # BLAS's own threads would wait for one another.
        with threadpool_limits(1, "blas"), ThreadPoolExecutor(threads) as pool:
            try:
                return sum(pool.map(partial(self._score, folder), _parts(self.files, threads)))
            except BaseException:
                self.stopped.set()
                raise

    def _score(self, folder: Path, part: _Part) -> int:
        """Write a part with its answers; gives its rows."""
        schema, rows = self.files.schema, 0
        empty = [column.combine_chunks() for column in schema.empty_table().columns]
        written = self._answered(pa.RecordBatch.from_arrays(empty, schema.names)).schema
        # A dictionary of numbers takes ten times their time to write, and mostly more room.
        words = [column.name for column in written if pa.types.is_string(column.type)]
        place = folder / f"part-{part.number:05}.parquet"
        with pq.ParquetWriter(place, written, use_dictionary=words) as file:
            batches = map(self._answered, self._batches(part))
            while group := [*islice(batches, BATCHES)]:
                file.write_table(pa.Table.from_batches(group))
                rows += sum(batch.num_rows for batch in group)
        return rows

    def _batches(self, part: _Part) -> Iterator[pa.RecordBatch]:
        """The rows of a part, until another one has failed."""
        taken = [*dict.fromkeys([*self.features, *self.kept])]
        try:
            for batch in self.files.batches(part.path, part.groups, taken, BATCH_ROWS):
                if self.stopped.is_set():
                    return
                yield batch
        except (pa.ArrowException, OSError) as error:
            raise ScoringError(f"the input {str(part.path)!r} cannot be read as parquet: {error}") from None

    def _answered(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The columns to keep, and the answers beside them."""
        predictor = self._predictor()
        given = [batch.column(name) for name in self.features]
        beside = {name: batch.column(name) for name in self.kept if name not in self.features}
        answers = predict_batch(predictor, "both", given, beside)
        columns = {name: plain(batch.column(name)) for name in self.kept}
        columns |= dict(zip(answer_names(predictor.schema), answers.flatten(), strict=True))
        return pa.RecordBatch.from_pydict(columns)

    def _predictor(self) -> Predictor:
        """This thread's own model."""
        if not hasattr(self.of_thread, "predictor"):
            self.of_thread.predictor = load_payload(self.payload, threads=1)
        found: Predictor = self.of_thread.predictor
        return found


def _parts(files: ParquetFiles, threads: int) -> list[_Part]:
    """The row groups of each file, in several parts where there are fewer files than threads."""
    ranges, most = [], -(-threads // len(files.paths))
    for path in files.paths:
        groups = pq.read_metadata(path).num_row_groups
        count = max(1, min(groups, most))
        ends = [groups * part // count for part in range(count + 1)]
        ranges += [(path, range(*pair)) for pair in pairwise(ends)]
    return [_Part(path, groups, number) for number, (path, groups) in enumerate(ranges)]


def _as_trained(schema: Schema, files: ParquetFiles, features: Sequence[str]) -> bool:
    """Whether dates and times have their types of training; Spark casts others in its time zone."""
    kinds = [
        (files.types[name], feature.dtype) for name, feature in zip(features, schema.features, strict=True)
    ]
    return all(given == wanted for given, wanted in kinds if wanted in MOMENTS)
