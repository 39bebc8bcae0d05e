"""The 24-trial MNIST grid as whole processes: sparktune against the tools that people use today.

Every contestant trains the same 24 models (784-N-10, relu and softmax, Adam, 5 epochs; neurons 32/64/128/256
x learning rate 1e-3/3e-3/1e-2 x batch 32/128) on 8,000 images and validates on 2,000, two at a time, in a
process and a folder of its own. The time is that of the whole process, start-up included. sparktune runs as
its users run it, MLflow and the exported model included, once as it comes and once with a local Spark master;
the rivals keep no record and export nothing, unless they always do.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from machine import describe
from processes import Measured, measure
from tables import Cell, publish, table

HERE = Path(__file__).parent
DATA = HERE.parents[2] / "shared" / "data" / "mnist10k"
TRIALS = 24
EXAMPLES = """examples:
  bench_grid.py                                            everything, once
  bench_grid.py --only sparktune spark_map --repeats 3     two contestants, three times in turn
  bench_grid.py --python ../rivals/bin/python --markdown grid.md
  bench_grid.py --only sparktune --keep out                leave folders and logs in out/ for a look

The rivals come with `pip install 'sparktune[rivals]'`; where they do not fit beside what is installed, give
them an environment of their own and name its interpreter with --python.
"""
STUDY = """
study: {{name: mnist, seed: 1}}
data: {{source: idx, path: {data}, scale: 255, validation: {{last: 2000}}}}
model: {{kind: mlp, layers: 1}}
search:
  sampler: grid
  space:
    neurons: [32, 64, 128, 256]
    learning_rate: [0.001, 0.003, 0.01]
    batch_size: [32, 128]
training: {{epochs: 5, optimizer: adam}}
objective: {{metric: val_accuracy, direction: maximize}}
resources: {{cpus: 1, parallelism: {slots}}}
tracking: {{uri: "sqlite:///mlflow.db", experiment: mnist}}
output: {{directory: studies}}
"""
OUTSIDE = (
    *("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"),
    *("PYTHONPATH", "SPARK_HOME", "SPARK_MASTER"),
)


@dataclass(frozen=True)
class Contestant:
    """A rival's script; `shared` where all slots live in one process, whose threads they share."""

    title: str
    shared: bool = False


RIVALS = {
    "plain_loop": Contestant("plain loop", shared=True),
    "spark_map": Contestant("Spark broadcast-and-map"),
    "hyperopt_spark_trials": Contestant("Hyperopt SparkTrials"),
    "ray_tune": Contestant("Ray Tune"),
    "mlflow_optuna": Contestant("MLflow's Optuna study on Spark"),
    "keras_tuner_grid": Contestant("KerasTuner GridSearch", shared=True),
    "keras_tuner_distributed": Contestant("KerasTuner, chief and workers"),
    "optuna_threads": Contestant("Optuna, threads", shared=True),
    "joblib_spark": Contestant("joblib on Spark"),
}
OURS = {"sparktune": "sparktune", "sparktune_spark": "sparktune on local Spark"}
NAMES = (*OURS, *RIVALS)


@dataclass(frozen=True)
class Run:
    """One contestant's process and what it handed in; `why` says what went wrong, where something did."""

    name: str
    measured: Measured
    best: float | None
    why: str | None


def main() -> None:
    """Run the contestants in turn and compare them."""
    options = _options()
    runs: list[Run] = []
    _warm_up({sys.executable, str(options.python)})
    with _folder(options.keep) as root:
        for turn in range(options.repeats):
            for name in options.only:
                runs.append(_run(name, root / f"{name}-{turn}", options))
                _say(runs[-1])
    publish("The 24-trial MNIST grid", describe(), report(runs), options.markdown)


def _warm_up(interpreters: set[str]) -> None:
    """Have what everybody imports in the page cache: who comes first would pay for it alone."""
    imports = "import tensorflow, pyspark, mlflow"
    for interpreter in sorted(interpreters):
        subprocess.run([interpreter, "-c", imports], capture_output=True, check=False)


def report(runs: Sequence[Run]) -> str:
    """The table, ratios against sparktune (or the fastest, where it was not run), and the verdict."""
    by_name = {
        name: [run for run in runs if run.name == name] for name in dict.fromkeys(r.name for r in runs)
    }
    good = {name: done for name, mine in by_name.items() if (done := [r for r in mine if r.why is None])}
    if not good:
        return "\n".join(f"{run.name}: {run.why}" for run in runs)
    base = "sparktune" if "sparktune" in good else min(good, key=lambda name: _wall(good[name]))
    columns = [
        "",
        "wall s",
        "CPU s",
        f"wall / {base}",
        f"CPU / {base}",
        "best val_accuracy",
        "load",
        "others",
    ]
    rows = [
        _row(name, mine, good[base]) for name, mine in sorted(good.items(), key=lambda item: _wall(item[1]))
    ]
    failed = [
        f"- {title(name)} did not run: {mine[-1].why}" for name, mine in by_name.items() if name not in good
    ]
    notes = (
        "wall and CPU: medians, of the whole process tree; "
        "load: load average at the start; others: cores that other work kept busy meanwhile."
    )
    return "\n\n".join(filter(None, [table(columns, rows), notes, "\n".join(failed), _verdict(good)]))


def _row(name: str, mine: list[Run], base: list[Run]) -> list[Cell]:
    times: list[Cell] = [_wall(mine), _cpu(mine), _wall(mine) / _wall(base), _cpu(mine) / _cpu(base)]
    load = statistics.median(r.measured.load for r in mine)
    others = statistics.median(r.measured.others for r in mine)
    return [title(name), *times, f"{_best(mine):.4f}", load, others]


def _verdict(good: dict[str, list[Run]]) -> str:
    rivals = {name: mine for name, mine in good.items() if name in RIVALS}
    if "sparktune" not in good or not rivals:
        return ""
    ours, fastest = good["sparktune"], min(rivals, key=lambda name: _wall(rivals[name]))
    thrifty, sharpest = (
        min(rivals, key=lambda n: _cpu(rivals[n])),
        max(rivals, key=lambda n: _best(rivals[n])),
    )
    wall, cpu = _wall(rivals[fastest]) / _wall(ours), _cpu(rivals[thrifty]) / _cpu(ours)
    gap = _best(ours) - _best(rivals[sharpest])
    return (
        f"Against the best rival: wall x{wall:.2f} ({title(fastest)}; bar: 5), "
        f"CPU x{cpu:.2f} ({title(thrifty)}), accuracy {gap:+.4f} ({title(sharpest)}; bar: -0.002)."
    )


def title(name: str) -> str:
    """How a contestant is called in the table."""
    return RIVALS[name].title if name in RIVALS else OURS[name]


def _wall(runs: Sequence[Run]) -> float:
    return statistics.median(run.measured.wall for run in runs)


def _cpu(runs: Sequence[Run]) -> float:
    return statistics.median(run.measured.cpu for run in runs)


def _best(runs: Sequence[Run]) -> float:
    return max(run.best or 0.0 for run in runs)


def _run(name: str, folder: Path, options: argparse.Namespace) -> Run:
    """One contestant in a fresh folder."""
    folder.mkdir(parents=True)
    log = folder / "output.txt"
    command, collect = _sparktune(folder, options) if name in OURS else _rival(name, options)
    environment = _environment(name, options)
    measured = measure(command, folder, environment, log, options.timeout)
    if measured.code is None:
        return Run(name, measured, None, f"not done after {options.timeout:.0f} s")
    if measured.code:
        return Run(name, measured, None, f"exit code {measured.code}: {_complaint(log)}")
    try:
        trials, best = collect(folder)
    except (OSError, KeyError, ValueError) as error:
        return Run(name, measured, None, f"handed in no result: {error}")
    return Run(name, measured, best, None if trials == TRIALS else f"{trials} trials instead of {TRIALS}")


Collect = Callable[[Path], tuple[int, float]]


def _sparktune(folder: Path, options: argparse.Namespace) -> tuple[list[str], Collect]:
    (folder / "mnist.yaml").write_text(STUDY.format(data=options.data, slots=options.slots), encoding="utf-8")
    command = Path(sys.executable).parent / "sparktune"
    return [str(command), "tune", "--config", "mnist.yaml"], _summary


def _summary(folder: Path) -> tuple[int, float]:
    summary = json.loads((folder / "studies" / "mnist" / "summary.json").read_text(encoding="utf-8"))
    return summary["states"]["COMPLETE"], summary["best"]["value"]


def _rival(name: str, options: argparse.Namespace) -> tuple[list[str], Collect]:
    return [str(options.python), str(HERE / "rivals" / f"{name}.py")], _result


def _result(folder: Path) -> tuple[int, float]:
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    return result["trials"], result["best"]


def _environment(name: str, options: argparse.Namespace) -> dict[str, str]:
    """Quiet TensorFlow without GPUs for everybody; one thread a slot for the rivals."""
    environment = {key: value for key, value in os.environ.items() if key not in OUTSIDE}
    environment |= {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    if name == "sparktune_spark":
        return {**environment, "SPARK_MASTER": f"local[{options.slots}]"}
    if name == "sparktune":
        return environment
    threads = str(options.slots if RIVALS[name].shared else 1)
    bounds = dict.fromkeys(OUTSIDE[:3], threads)
    spark = {"PYSPARK_PYTHON": str(options.python), "SPARK_LOCAL_IP": "127.0.0.1"}
    task = {
        "MNIST_FOLDER": str(options.data),
        "SLOTS": str(options.slots),
        "PYTHONPATH": str(HERE / "rivals"),
    }
    return environment | bounds | spark | task


def _complaint(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
    return next((line for line in reversed(lines) if line), "no output")[:300]


def _say(run: Run) -> None:
    measured = run.measured
    outcome = run.why or f"best {run.best:.4f}"
    busy = f"load {measured.load:.1f}, others busy on {measured.others:.1f} cores"
    print(
        f"{title(run.name)}: {measured.wall:.1f} s wall, {measured.cpu:.1f} s CPU, {outcome} ({busy})",
        flush=True,
    )


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """Where the contestants' folders go: `keep`, or a place that is removed at the end."""
    if keep is not None:
        yield keep.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="bench-grid-") as folder:
        yield Path(folder)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only", nargs="+", choices=NAMES, default=NAMES, metavar="NAME", help=", ".join(NAMES)
    )
    parser.add_argument("--repeats", type=int, default=1, help="rounds; the contestants take turns (1)")
    parser.add_argument(
        "--python", type=Path, default=Path(sys.executable), help="interpreter of the rivals (this one)"
    )
    parser.add_argument("--data", type=Path, default=DATA, help=f"folder with MNIST's idx files ({DATA})")
    parser.add_argument("--slots", type=int, default=2, help="trials at once (2)")
    parser.add_argument(
        "--timeout", type=float, default=900.0, help="seconds that a contestant may take (900)"
    )
    parser.add_argument("--keep", type=Path, help="leave every contestant's folder here")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write the report here")
    options = parser.parse_args()
    options.data, options.python = options.data.resolve(), options.python.absolute()
    if not list(options.data.glob("*images-idx3-ubyte.gz")):
        parser.error(
            f"--data must be a folder with *images-idx3-ubyte.gz and its labels, but got {options.data}"
        )
    return options


if __name__ == "__main__":
    main()
