"""What the data set costs in memory: a search on 1 GB with two Spark workers, against the same on a tiny one.

Each way to search (a sparktune study; PySpark's broadcast with `model.fit`) runs twice as a process tree of
its own. Memory is PSS, summed over driver, JVM, fork server and workers, so that a page that several
processes share counts once; the highest sum counts, while training and from start to end. Run it where no
other process uses the same Python environment: the pages of its libraries would count in part only.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from machine import Moment, describe
from processes import descendants, tree_cpu
from tables import Cell, publish, table

SCRIPTS = Path(__file__).with_name("memory")
WIDTH, CLASSES, HELD_OUT, TINY_ROWS = 96, 4, 1000, 5000
CHUNK = 100_000
MB = 1e6
BAR = 1150.0
INTERVAL, TIMEOUT = 0.2, 900.0
WAYS = {"sparktune": "study.py", "broadcast + model.fit": "broadcast.py"}
KINDS = ("driver", "JVM", "workers")
EXAMPLES = """examples:
  bench_memory.py                          1 GB, both ways
  bench_memory.py --megabytes 200          a quick look
  bench_memory.py --only sparktune --markdown memory.md
"""


@dataclass(frozen=True)
class Sample:
    """PSS in MB by kind of process at one time (seconds since 1970)."""

    time: float
    pss: dict[str, float]

    @property
    def total(self) -> float:
        """All of them."""
        return sum(self.pss.values())


@dataclass(frozen=True)
class Course:
    """The highest sample while training and overall, and wall seconds."""

    training: Sample
    overall: Sample
    seconds: float


def main() -> None:
    """Measure each way with tiny and large data, and report."""
    options = _options()
    before = Moment.now()
    with tempfile.TemporaryDirectory(prefix="bench-memory-") as name:
        folder = Path(name)
        rows = round(options.megabytes * MB / (4 * WIDTH))
        _write(folder / "tiny", TINY_ROWS)
        size = _write(folder / "large", rows)
        courses = {way: _both(folder, way) for way in options.only or WAYS}
    busy = Moment.now().others_since(before, tree_cpu(os.getpid()))
    note = f"Load average {before.load:.1f} at the start; other work kept {busy:.1f} cores busy meanwhile."
    parts = [_growth(courses, size), _places(courses), note]
    publish(
        f"Memory for {size:,.0f} MB of data, two workers", describe(), "\n\n".join(parts), options.markdown
    )


def _write(folder: Path, rows: int) -> float:
    """x.npy and y.npy of as many training rows; their MB."""
    folder.mkdir()
    random = np.random.default_rng(0)
    shape = (rows + HELD_OUT, WIDTH)
    x = np.lib.format.open_memmap(folder / "x.npy", "w+", np.float32, shape)
    for start in range(0, len(x), CHUNK):
        part = x[start : start + CHUNK]
        part[:] = random.random(part.shape, np.float32)
    y = np.arange(len(x), dtype=np.int32) % CLASSES
    np.save(folder / "y.npy", y)
    return (x.nbytes + y.nbytes) / MB


def _both(folder: Path, way: str) -> tuple[Course, Course]:
    return _run(folder, way, "tiny"), _run(folder, way, "large")


def _run(folder: Path, way: str, data: str) -> Course:
    place = folder / f"{WAYS[way]}-{data}"
    marks = place / "marks"
    marks.mkdir(parents=True)
    environment = {
        **os.environ,
        "SPARK_MASTER": "local[2]",
        "PYSPARK_PYTHON": sys.executable,
        "PYTHONPATH": os.pathsep.join([str(SCRIPTS), os.environ.get("PYTHONPATH", "")]),
        "CUDA_VISIBLE_DEVICES": "-1",
        "DATA": str(folder / data),
        "MARKS": str(marks),
    }
    print(f"{way}, {data} data", file=sys.stderr, flush=True)
    with (place / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, str(SCRIPTS / WAYS[way])], env=environment, cwd=place, stdout=log, stderr=log
        )
    started, samples = time.time(), _watch(process)
    if process.returncode:
        raise SystemExit(f"{way} failed:\n{(place / 'log').read_text(encoding='utf-8')[-4000:]}")
    begin, end = _training(marks)
    inside = [sample for sample in samples if begin <= sample.time <= end]
    course = Course(_highest(inside), _highest(samples), time.time() - started)
    print(f"  {course.training.total:,.0f} MB, {course.seconds:.0f} s", file=sys.stderr, flush=True)
    return course


def _watch(process: subprocess.Popen[bytes]) -> list[Sample]:
    """Look at the process tree until it ends."""
    samples, deadline = [], time.time() + TIMEOUT
    while process.poll() is None:
        if time.time() > deadline:
            process.kill()
        samples.append(_sample(process.pid))
        time.sleep(INTERVAL)
    return samples


def _sample(driver: int) -> Sample:
    pss = dict.fromkeys(KINDS, 0.0)
    for pid in (driver, *descendants(driver)):
        kind = "driver" if pid == driver else "JVM" if _is_java(pid) else "workers"
        pss[kind] += _pss(pid)
    return Sample(time.time(), pss)


def _is_java(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip() == "java"
    except OSError:
        return False


def _pss(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) * 1024 / MB


def _training(marks: Path) -> tuple[float, float]:
    """When the first trial began to train and the last one ended."""
    times: dict[str, list[float]] = {"begin": [], "end": []}
    for mark in marks.iterdir():
        _, moment, what = mark.name.split("-")
        times[what].append(float(moment))
    return min(times["begin"]), max(times["end"])


def _highest(samples: Sequence[Sample]) -> Sample:
    return max(samples, key=lambda sample: sample.total)


def _growth(courses: dict[str, tuple[Course, Course]], size: float) -> str:
    rows: list[Sequence[Cell]] = []
    for way, (tiny, large) in courses.items():
        training = large.training.total - tiny.training.total
        overall = large.overall.total - tiny.overall.total
        rows.append(
            [
                way,
                tiny.training.total,
                large.training.total,
                training,
                training / size,
                overall,
                large.seconds,
            ]
        )
    columns = ["way", "tiny MB", "large MB", "growth MB", "growth / data", "from start to end MB", "seconds"]
    return f"{table(columns, rows)}\n\nBar: while training, growth at most {BAR:,.0f} MB for 1 GB."


def _places(courses: dict[str, tuple[Course, Course]]) -> str:
    rows: list[Sequence[Cell]] = [
        [f"{way}, {kind}", tiny.training.pss[kind], large.training.pss[kind]]
        for way, (tiny, large) in courses.items()
        for kind in KINDS
    ]
    return table(["while training", "tiny MB", "large MB"], rows)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--megabytes", type=float, default=1000, help="size of the training inputs (1000)")
    parser.add_argument("--only", choices=WAYS, action="append", help="one way; both by default")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write the report here")
    return parser.parse_args()


if __name__ == "__main__":
    main()
