"""What a trial costs besides its training: no-op trials through the real driver loop against bare Spark jobs.

The loop is that of `sparktune tune`: grid sampler, ledger on the disk, MLflow in SQLite, one Spark session. A
bare job is one task that does nothing: `context.parallelize([0], 1).map(nothing).collect()`. Both run in the
same session, in turns, warm. Then a long study shows whether late trials cost more than early ones, and a
trial that trains in one go and in ten segments what a segment costs.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from idle import Course, run_idle_study
from machine import Moment, describe
from processes import tree_cpu
from pyspark.sql import SparkSession
from segmented import SEGMENTS, Segmented, run_in_segments
from tables import Cell, publish, table

from sparktune.launch import open_session

WARM = 20
WINDOW = 100
LONG_WINDOW = 500  # trials at either end of the long study; 100 last half a second, in which chance decides
WARM_ROUNDS = 4
TAIL = 100  # trials after those measured: at the end of a study jobs are smaller, so that no slot waits
EXAMPLES = """examples:
  bench_overhead.py                               3 rounds, then 2,000 trials in one study
  bench_overhead.py --rounds 1 --trials 300       a quick look
  bench_overhead.py --markdown overhead.md
"""


@dataclass(frozen=True)
class Cost:
    """Seconds of one thing, on average: wall clock, and CPU of driver, JVM and workers together."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Round:
    """Bare jobs and trials, measured one after the other."""

    bare: Cost
    trial: Cost


def main() -> None:
    """Run the rounds and the long study, and report."""
    options = _options()
    os.environ.setdefault("SPARK_MASTER", "local[2]")
    before, spark = Moment.now(), open_session(app_name="bench_overhead")
    with tempfile.TemporaryDirectory(prefix="bench-overhead-") as folder:
        _warm_up(spark)
        rounds = {n: _rounds(spark, Path(folder), n, options.rounds) for n in (1, 2)}
        long = _long_study(spark, Path(folder), options.trials)
        segmented = run_in_segments(spark, Path(folder) / "segmented", options.rounds)
    busy = Moment.now().others_since(before, tree_cpu(os.getpid()))
    spark.stop()
    parts = [_trial_table(rounds), _flat_table(long, options.trials)]
    parts += [_segment_table(segmented), _circumstances(before, busy)]
    publish("Overhead of a trial", describe(), "\n\n".join(parts), options.markdown)


def _warm_up(spark: SparkSession) -> None:
    """Let the JVM compile what every job runs; before that jobs cost twice as much."""
    for _ in range(WARM_ROUNDS):
        _bare_jobs(spark, 2)


def _rounds(spark: SparkSession, folder: Path, at_once: int, count: int) -> list[Round]:
    """Bare jobs and a study of no-op trials in turn, each with as many at once."""
    return [
        Round(_bare_jobs(spark, at_once), _trials(spark, folder / f"{at_once}-{turn}", at_once))
        for turn in range(count)
    ]


def _bare_jobs(spark: SparkSession, at_once: int) -> Cost:
    context: Any = spark.sparkContext

    def job(_: int) -> None:
        context.parallelize([0], 1).map(lambda value: value).collect()

    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(job, range(WARM)))
        wall, cpu = time.perf_counter(), tree_cpu(os.getpid())
        list(pool.map(job, range(WINDOW)))
        return Cost((time.perf_counter() - wall) / WINDOW, (tree_cpu(os.getpid()) - cpu) / WINDOW)


def _trials(spark: SparkSession, folder: Path, at_once: int) -> Cost:
    last = WARM + WINDOW
    course = run_idle_study(spark, folder, last + at_once, at_once, marks=(WARM, last))
    return Cost(course.seconds(WARM, last), course.cpu_seconds(WARM, last))


def _long_study(spark: SparkSession, folder: Path, trials: int) -> Course:
    marks = tuple(mark for span in _spans(trials) for mark in span)
    return run_idle_study(spark, folder / "long", trials + TAIL, at_once=2, marks=marks)


def _spans(trials: int) -> list[tuple[int, int]]:
    """The first and the last trials of the long study that are compared."""
    window = min(LONG_WINDOW, (trials - WARM) // 2)
    return [(WARM, WARM + window), (trials - window, trials)]


def _trial_table(rounds: dict[int, list[Round]]) -> str:
    rows: list[Sequence[Cell]] = []
    for at_once, done in rounds.items():
        bare, trial = _median([r.bare for r in done]), _median([r.trial for r in done])
        wall = statistics.median(r.trial.wall / r.bare.wall for r in done)
        cpu = statistics.median(r.trial.cpu / r.bare.cpu for r in done)
        rows.append([f"bare one-task job, {at_once} at once", bare.wall * 1e3, bare.cpu * 1e3, 1.0, 1.0])
        rows.append([f"no-op trial, {at_once} at once", trial.wall * 1e3, trial.cpu * 1e3, wall, cpu])
    columns = ["each", "wall ms", "CPU ms", "wall / bare", "CPU / bare"]
    return table(columns, rows) + "\n\nBar: wall / bare at most 1.20. Medians over the rounds."


def _median(costs: Sequence[Cost]) -> Cost:
    return Cost(statistics.median(c.wall for c in costs), statistics.median(c.cpu for c in costs))


def _flat_table(course: Course, trials: int) -> str:
    spans = _spans(trials)
    wall = [course.seconds(*span) for span in spans]
    cpu = [course.cpu_seconds(*span) for span in spans]
    rows = [
        [f"{first + 1} to {last}", w * 1e3, c * 1e3, w / wall[0], c / cpu[0]]
        for (first, last), w, c in zip(spans, wall, cpu, strict=True)
    ]
    searched = course.ends[-1] - course.started
    total = f"All {trials + TAIL} trials: {searched:.1f} s, then {course.drain:.1f} s until MLflow had them."
    columns = ["trials, 2 at once", "wall ms", "CPU ms", "wall / first", "CPU / first"]
    return f"{table(columns, rows)}\n\nBar: wall / first at most 1.30. {total}"


def _segment_table(done: Segmented) -> str:
    rows = [
        ["one go", done.whole * 1e3, ""],
        [f"{SEGMENTS} segments", done.segments * 1e3, done.each * 1e3],
    ]
    columns = ["one trial in", "wall ms", "ms a segment"]
    same = "equal" if done.same else "DIFFERENT"
    return f"{table(columns, rows)}\n\nBar: 150 ms a segment. Results are {same}."


def _circumstances(before: Moment, busy: float) -> str:
    return f"Load average {before.load:.1f} at the start; other work kept {busy:.1f} cores busy meanwhile."


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3, help="rounds of bare jobs and trials (3)")
    parser.add_argument(
        "--trials", type=int, default=2000, help="trials of the long study, at least 220 (2000)"
    )
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write the report here")
    options = parser.parse_args()
    if options.trials < 2 * WINDOW + WARM:
        parser.error(f"--trials must be >= {2 * WINDOW + WARM}, but got {options.trials}")
    return options


if __name__ == "__main__":
    main()
