"""Samplers alone: asked for trials and told their values. 100 trials, 8 in flight, which end in any order."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sparktune.search import build_sampler
from sparktune.search.samplers.optuna_study import silent_optuna
from sparktune.spec import StudySpec
from sparktune.summary import Objective
from sparktune.trial import Params, TrialResult, TrialState

if TYPE_CHECKING:
    import optuna

TRIALS, IN_FLIGHT = 100, 8


@dataclass(frozen=True)
class Problem:
    """A function to minimise: the domains of its parameters as in a study file, and its smallest value.

    `bar` is the median regret that `tpe` must not exceed, where there is one.
    """

    name: str
    function: Callable[[Params], float]
    space: Mapping[str, Any]
    least: float
    bar: float | None = None


def regret_of_sampler(name: str, problem: Problem, seed: int) -> float:
    """The regret of a sampler of ours, asked and told as by a study."""
    spec = StudySpec(
        study={"seed": seed},
        model={"kind": "builder", "builder": "package:build"},
        search={"sampler": name, "trials": TRIALS, "space": problem.space},
    )
    sampler = build_sampler(spec)
    sampler.set_objective(Objective("loss", "minimize"))

    def tell(number: int, params: Params, value: float) -> None:
        sampler.tell(TrialResult(number, params, TrialState.COMPLETE, value))

    return _regret(problem, seed, lambda number: sampler.ask(number) or {}, tell)


def regret_of_optuna(problem: Problem, seed: int) -> float:
    """The regret of Optuna's own TPE on the same domains, asked and told by itself."""
    import optuna

    with silent_optuna():
        study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    space = {name: _distribution(domain) for name, domain in problem.space.items()}
    trials: list[optuna.Trial] = []

    def ask(number: int) -> Params:
        trials.append(study.ask(space))
        return trials[-1].params

    with silent_optuna():
        return _regret(problem, seed, ask, lambda number, params, value: study.tell(trials[number], value))


def _distribution(domain: Any) -> "optuna.distributions.BaseDistribution":
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(domain, list):
        return CategoricalDistribution(domain)
    kind = IntDistribution if isinstance(domain["low"], int) else FloatDistribution
    return kind(domain["low"], domain["high"])


def _regret(
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
