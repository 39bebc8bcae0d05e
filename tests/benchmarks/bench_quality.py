"""How good what samplers find is: Branin and Hartmann6, where training would take too long to repeat.

Each sampler gets 100 trials with 8 in flight, which end in any order; the regret is how far its best value
is from the smallest there is. Ours run as in a study; Optuna's own TPE is asked and told by itself. The bars
for `tpe` are regrets that its median over the seeds must not exceed.
"""

import argparse
import math
import random
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sparktune.search import build_sampler
from sparktune.search.samplers.optuna_study import silent_optuna
from sparktune.spec import StudySpec
from sparktune.summary import Objective
from sparktune.trial import Params, TrialResult, TrialState

TRIALS, IN_FLIGHT = 100, 8
SAMPLERS = ("random", "qmc", "tpe", "cmaes", "nsga2")
A = (
    (10, 3, 17, 3.5, 1.7, 8),
    (0.05, 10, 17, 0.1, 8, 14),
    (3, 3.5, 1.7, 10, 17, 8),
    (17, 8, 0.05, 10, 0.1, 14),
)
P = (
    (0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886),
    (0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991),
    (0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650),
    (0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381),
)


def branin(params: Params) -> float:
    x, y = params["x"], params["y"]
    bend = y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6
    return bend**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


def hartmann6(params: Params) -> float:
    point = [params[f"x{axis}"] for axis in range(6)]
    distances = (
        sum(a * (x - p) ** 2 for a, x, p in zip(row, point, peak, strict=True))
        for row, peak in zip(A, P, strict=True)
    )
    return -sum(
        height * math.exp(-distance) for height, distance in zip((1.0, 1.2, 3.0, 3.2), distances, strict=True)
    )


@dataclass(frozen=True)
class Problem:
    """A function to minimise: its space, its smallest value and the bar for `tpe`."""

    name: str
    function: Callable[[Params], float]
    space: dict[str, Any]
    least: float
    bar: float


PROBLEMS = (
    Problem(
        "Branin",
        branin,
        {"x": {"low": -5.0, "high": 10.0}, "y": {"low": 0.0, "high": 15.0}},
        0.397887,
        0.06,
    ),
    Problem("Hartmann6", hartmann6, {f"x{n}": {"low": 0.0, "high": 1.0} for n in range(6)}, -3.32237, 0.22),
)


def of_sampler(name: str, problem: Problem, seed: int) -> float:
    """The regret of a sampler of ours."""
    spec = StudySpec(
        study={"seed": seed},
        model={"kind": "builder", "builder": "package:build"},
        search={"sampler": name, "trials": TRIALS, "space": problem.space},
    )
    sampler = build_sampler(spec)
    sampler.set_objective(Objective("loss", "minimize"))

    def tell(number: int, params: Params, value: float) -> None:
        sampler.tell(TrialResult(number, params, TrialState.COMPLETE, value))

    return regret(problem, seed, lambda number: sampler.ask(number) or {}, tell)


def of_optuna(problem: Problem, seed: int) -> float:
    """The regret of Optuna's own TPE, asked and told by itself."""
    import optuna

    with silent_optuna():
        study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    space = {
        name: optuna.distributions.FloatDistribution(domain["low"], domain["high"])
        for name, domain in problem.space.items()
    }
    trials: list[optuna.Trial] = []

    def ask(number: int) -> Params:
        trials.append(study.ask(space))
        return trials[-1].params

    with silent_optuna():
        return regret(problem, seed, ask, lambda number, params, value: study.tell(trials[number], value))


def regret(
    problem: Problem,
    seed: int,
    ask: Callable[[int], Params],
    tell: Callable[[int, Params, float], Any],
) -> float:
    """How far the best of the trials is from the least value; any of those in flight ends next."""
    order, running, values = random.Random(seed), dict[int, Params](), list[float]()
    for number in range(TRIALS + IN_FLIGHT):
        if number >= IN_FLIGHT:
            ended = order.choice([*running])
            params = running.pop(ended)
            values.append(problem.function(params))
            tell(ended, params, values[-1])
        if number < TRIALS:
            running[number] = ask(number)
    return min(values) - problem.least


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, default=8, help="runs of each sampler")
    parser.add_argument(
        "--only", nargs="+", default=SAMPLERS, help="samplers besides random and Optuna's own"
    )
    arguments = parser.parse_args()
    seeds = range(arguments.seeds)
    for problem in PROBLEMS:
        names = [*dict.fromkeys(["random", *arguments.only])]
        found = {name: [of_sampler(name, problem, seed) for seed in seeds] for name in names}
        found["Optuna's own tpe"] = [of_optuna(problem, seed) for seed in seeds]
        medians = {name: statistics.median(regrets) for name, regrets in found.items()}
        print(f"\n{problem.name}: {TRIALS} trials, {IN_FLIGHT} in flight, {len(seeds)} seeds")
        print(f"{'sampler':18}{'median':>9}{'mean':>9}{'of random':>11}{'of Optuna':>11}")
        for name, regrets in found.items():
            ratios = (medians[name] / medians["random"], medians[name] / medians["Optuna's own tpe"])
            mean = statistics.mean(regrets)
            print(f"{name:18}{medians[name]:9.4f}{mean:9.4f}{ratios[0]:11.2f}{ratios[1]:11.2f}")
        if "tpe" in medians:
            verdict = "kept" if medians["tpe"] <= problem.bar else "missed"
            print(f"bar for tpe: {problem.bar}, {verdict}")


if __name__ == "__main__":
    main()
