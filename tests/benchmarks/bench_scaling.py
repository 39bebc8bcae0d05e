"""Efficiency on a simulated cluster: trials of a fixed duration on 1 and 13 slots of one Spark session.

A trial only waits, so that 13 slots fit on any machine; loop, ledger, MLflow and launcher are the real ones.
Efficiency is what the trials last in all over what the slots were there for, warm: the workers have started.
A bare Spark job with the same waits as its tasks is the baseline of the same run.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from idle import open_idle_session, run_idle_study
from machine import Moment, describe
from processes import tree_cpu
from pyspark.sql import SparkSession
from tables import Cell, publish, table

EXAMPLES = """examples:
  bench_scaling.py                                          1 and 13 slots, trials of one second
  bench_scaling.py --slots 13 --seconds 5 --each 4
  bench_scaling.py --master 'local-cluster[13,1,512]'       an executor process per slot (13 JVMs)
"""


def main() -> None:
    """Run the studies and report."""
    options = _options()
    os.environ["SPARK_MASTER"] = options.master or f"local[{max(options.slots)}]"
    before, spark = Moment.now(), open_idle_session("bench_scaling")
    with tempfile.TemporaryDirectory(prefix="bench-scaling-") as folder:
        _warm_up(spark, Path(folder), max(options.slots))
        rows = [row for slots in options.slots for row in _measured(spark, Path(folder), slots, options)]
    busy = Moment.now().others_since(before, tree_cpu(os.getpid()))
    spark.stop()
    columns = ["", "slots", "trials", "ideal s", "wall s", "speed-up", "efficiency", "CPU ms / trial"]
    bar = "Bar: efficiency above 0.95 on 13 slots (7 times on 13 nodes, 0.54, is what others have published)."
    load = f"Load average {before.load:.1f} at the start; other work kept {busy:.1f} cores busy meanwhile."
    body = f"{table(columns, rows)}\n\n{bar}\n{load}"
    publish(
        f"Scaling, {os.environ['SPARK_MASTER']}, trials of {options.seconds:g} s",
        describe(),
        body,
        options.markdown,
    )


def _warm_up(spark: SparkSession, folder: Path, slots: int) -> None:
    """Start a worker on every slot."""
    run_idle_study(spark, folder / "warm", 2 * slots, slots, seconds=1.0)


def _measured(spark: SparkSession, folder: Path, slots: int, options: argparse.Namespace) -> list[list[Cell]]:
    """A row for the study, one for the bare job."""
    trials = slots * options.each
    course = run_idle_study(spark, folder / f"{slots}", trials, slots, options.seconds, marks=(trials,))
    wall, cpu = course.ends[-1] - course.started, course.cpu[trials] - course.cpu[0]
    study = _row("sparktune", slots, trials, options, wall, cpu)
    cpu, started = tree_cpu(os.getpid()), time.perf_counter()
    _bare(spark, slots, trials, options.seconds)
    wall = time.perf_counter() - started
    return [study, _row("one bare Spark job", slots, trials, options, wall, tree_cpu(os.getpid()) - cpu)]


def _row(
    name: str, slots: int, trials: int, options: argparse.Namespace, wall: float, cpu: float
) -> list[Cell]:
    work = trials * options.seconds
    return [name, slots, trials, work / slots, wall, work / wall, work / wall / slots, cpu * 1e3 / trials]


def _bare(spark: SparkSession, slots: int, trials: int, seconds: float) -> None:
    """One job: `slots` tasks, each with its share of the waits."""
    context: Any = spark.sparkContext
    context.parallelize(range(trials), slots).foreach(lambda _: time.sleep(seconds))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--slots", type=int, nargs="+", default=[1, 13], help="trials at once (1 13)")
    parser.add_argument("--seconds", type=float, default=1.0, help="duration of a trial (1)")
    parser.add_argument("--each", type=int, default=10, help="trials per slot (10)")
    parser.add_argument("--master", help="Spark master; local[N] of the most slots by default")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write the report here")
    return parser.parse_args()


if __name__ == "__main__":
    main()
