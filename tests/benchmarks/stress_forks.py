"""Forks under load: each trains a tiny model in a fork of the fork server; none may hang.

Plain Python processes that train the same model are the baseline: both are measured first without the load
(processes that are busy all the time), one at a time.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from machine import Moment, describe
from processes import tree_cpu
from tables import Cell, publish, table

from sparktune.launch.forkserver.client import ForkServer, fork

SCRIPTS = Path(__file__).with_name("forks")
MODULE = "forked_trial"
SECONDS_BAR, PRIVATE_BAR = 1.0, 100.0
EXAMPLES = """examples:
  stress_forks.py                              500 forks, two at once, two busy processes beside
  stress_forks.py --forks 50 --plain 2         a quick look
  stress_forks.py --markdown forks.md
"""


@dataclass(frozen=True)
class End:
    """How a worker ended: `code` None where it did not in time; what it cost where it went well."""

    code: int | None
    seconds: float
    cost: dict[str, Any] | None
    complaint: str


def main() -> None:
    """Fork, compare, report; exit code 1 where a fork hung or failed."""
    options = _options()
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    sys.path.insert(0, str(SCRIPTS))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(SCRIPTS), os.environ.get("PYTHONPATH")]))
    before = Moment.now()
    with ExitStack() as stack:
        stack.enter_context(ForkServer())
        _attempt(_forked, options.limit)  # waits until TensorFlow is loaded
        plain = [_attempt(_plain, options.limit) for _ in range(options.plain)]
        alone = [_attempt(_forked, options.limit) for _ in range(options.plain)]
        for _ in range(options.busy):
            busy = stack.enter_context(subprocess.Popen([sys.executable, "-c", "while True: pass"]))
            stack.callback(busy.kill)
        forks = _many(options.forks, options.at_once, options.limit)
        own = tree_cpu(os.getpid())
    others = Moment.now().others_since(before, own)
    body = "\n\n".join([_table(plain, alone, forks, options.at_once), _failures(forks)])
    body += f"\n\n{options.busy} busy processes beside; other work kept {others:.1f} cores busy meanwhile."
    publish(f"{options.forks} forks under load", describe(), body, options.markdown)
    sys.exit(any(end.code != 0 for end in forks))


def _many(count: int, at_once: int, limit: float) -> list[End]:
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(lambda _: _attempt(_forked, limit), range(count)))


def _attempt(start: Callable[[list[int], float], int | None], limit: float) -> End:
    """Start a worker, wait for its end for a bounded time, read what it printed."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        started = time.perf_counter()
        code = start([0, out.fileno(), err.fileno()], limit)
        seconds = time.perf_counter() - started
        out.seek(0)
        err.seek(0)
        printed = out.read()
        return End(code, seconds, json.loads(printed) if printed and code == 0 else None, err.read())


def _forked(descriptors: list[int], limit: float) -> int | None:
    try:
        return fork(MODULE, [str(time.time())], descriptors).wait(limit)
    except subprocess.TimeoutExpired:
        return None


def _plain(descriptors: list[int], limit: float) -> int | None:
    command = [sys.executable, "-m", MODULE, str(time.time())]
    with subprocess.Popen(command, stdout=descriptors[1], stderr=descriptors[2]) as process:
        try:
            return process.wait(limit)
        except subprocess.TimeoutExpired:
            process.kill()
            return None


def _table(plain: list[End], alone: list[End], forks: list[End], at_once: int) -> str:
    baseline = _middle(plain, "first_step")
    rows: list[Sequence[Cell]] = []
    for name, ends in (
        ("plain process", plain),
        ("fork, one at a time", alone),
        (f"fork under load, {at_once} at once", forks),
    ):
        first, cpu = _middle(ends, "first_step"), _middle(ends, "cpu_first_step")
        worst = max((end.seconds for end in ends), default=0.0)
        well = sum(end.code == 0 for end in ends)
        hung = sum(end.code is None for end in ends)
        private = [_middle(ends, key) for key in ("private_first_step", "private_end")]
        rows.append([name, len(ends), well, hung, first, first / baseline, cpu, worst, *private])
    columns = [
        "worker",
        "count",
        "well",
        "hung",
        "s to first step",
        "ratio",
        "CPU s to first step",
        "longest s",
    ]
    columns += ["private MB at first step", "private MB at end"]
    bars = f"Bars: no hang; first step within {SECONDS_BAR:.0f} s, below {PRIVATE_BAR:.0f} MB private."
    return f"{table(columns, rows)}\n\n{bars} Medians; the longest is from start to end."


def _middle(ends: Sequence[End], key: str) -> float:
    found = [end.cost[key] for end in ends if end.cost is not None]
    return statistics.median(found) if found else float("nan")


def _failures(forks: list[End]) -> str:
    bad = [end for end in forks if end.code != 0]
    return f"{len(bad)} forks failed: {bad[0].code} {bad[0].complaint[-500:]}" if bad else "No fork failed."


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--forks", type=int, default=500, help="how many (500)")
    parser.add_argument("--at-once", type=int, default=2, help="forks at a time (2)")
    parser.add_argument("--busy", type=int, default=2, help="processes that only burn CPU time (2)")
    parser.add_argument("--plain", type=int, default=3, help="plain processes to compare with (3)")
    parser.add_argument("--limit", type=float, default=120, help="seconds after which a fork hangs (120)")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write the report here")
    return parser.parse_args()


if __name__ == "__main__":
    main()
