"""What all samplers of Optuna share: distinct points, and a replay that gives the same ones again."""

import random
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, Self

from sparktune.search.samplers.base import Allows, Sampler
from sparktune.search.samplers.distinct import MAX_DRAWS, key_of, smallest
from sparktune.search.samplers.optuna_study import OptunaStudy, silent_optuna
from sparktune.search.space import (
    MAX_BUILT,
    MAX_REJECTED,
    MAX_WALK,
    IndexedSpace,
    count_allowed,
    count_built,
    draw,
)
from sparktune.spec import SearchSpec
from sparktune.spec.base import Fault
from sparktune.summary import Objective
from sparktune.trial import Params, TrialReport, TrialResult, TrialState

if TYPE_CHECKING:
    import optuna

MAX_ASKS = 20  # for one trial, before a random point is taken
SEEDS = 2**32  # of NumPy, which Optuna's samplers draw with


class OptunaSampler(Sampler, ABC):
    """Asks a sampler of Optuna, and tells it of each trial when that starts, pauses and ends.

    Starting points come first. A point that was proposed before, or breaks a constraint, is asked for again,
    `MAX_ASKS` times; after that a random new one is taken. Launches, reports and results that come in the
    same order give the same points, bit for bit: a study that is resumed replays its own and proposes what it
    would have proposed without the break.

    Example: three random points first, then Optuna's tree of Parzen estimators.
        >>> from sparktune.spec import StudySpec
        >>> search = {"sampler": "tpe", "trials": 20, "options": {"n_startup_trials": 3}}
        >>> StudySpec(search={**search, "space": {"neurons": {"low": 8, "high": 256}}}).search.sampler
        'tpe'
    """

    def __init__(self, search: SearchSpec, seed: int) -> None:
        self._search = search
        self._seed = seed
        self._index = IndexedSpace(search.space)
        self._size = smallest(search.trials, count_allowed(search, self._index))
        self._allows: Allows = search.allows
        self._most_drawn = MAX_REJECTED if search.constraints else MAX_DRAWS
        self._most_walked = MAX_WALK
        self._trials: dict[int, optuna.Trial] = {}
        self._seen: Counter[str] = Counter()

    @classmethod
    def check(cls, search: SearchSpec) -> None:
        """Refuse options that Optuna's sampler does not take, and constraints that leave nothing.

        Optuna reads many options only when it is asked, some of them once a trial has ended.
        """
        count_allowed(search, IndexedSpace(search.space))
        try:
            with silent_optuna():
                algorithm = cls.algorithm(search, 0)
            study = OptunaStudy(search.space, algorithm, Objective("a", "minimize"))
            _, params = study.ask()
            if search.options:
                study.add(TrialResult(0, params, TrialState.COMPLETE, value=0.0))
                study.ask()
        except (TypeError, ValueError) as error:
            if isinstance(error, Fault):
                raise
            raise Fault(
                f"must be options of Optuna's sampler; it says: {error}", "options", value=search.options
            ) from None

    @classmethod
    def check_several(cls, search: SearchSpec) -> None:
        """Refuse a sampler that Optuna refuses where it is asked: Optuna says it nowhere else."""
        two = Objective("a", "maximize", (Objective("a", "maximize"), Objective("b", "minimize")))
        try:
            sampler = cls.from_spec(search, 0)
            sampler.set_objective(two)
            sampler.ask(0)
        except (TypeError, ValueError) as error:
            raise Fault(
                f"must learn from several objectives (Optuna says: {error}); use tpe, nsga2 or random",
                "sampler",
                value=search.sampler,
            ) from None

    @classmethod
    def from_spec(cls, search: SearchSpec, seed: int) -> Self:
        return cls(search, seed)

    @classmethod
    @abstractmethod
    def algorithm(cls, search: SearchSpec, seed: int) -> "optuna.samplers.BaseSampler":
        """Optuna's sampler with the options of the search; 0 <= seed < 2^32."""

    @property
    def size(self) -> int | None:
        """Most trials; None where `search.trials` is not set and the space cannot be counted."""
        return self._size

    @property
    def lookahead(self) -> int:
        """It learns: it is asked when a slot is free, and not before."""
        return 0

    def restrict(self, allows: Allows) -> None:
        self._allows = allows
        self._most_drawn = self._most_walked = MAX_BUILT
        self._size = smallest(self._search.trials, count_built(self._search, self._index, allows))

    def set_objective(self, objective: Objective) -> None:
        with silent_optuna():
            algorithm = self.algorithm(self._search, self._seed % SEEDS)
        self._study = OptunaStudy(self._search.space, algorithm, objective)

    def ask(self, number: int) -> Params | None:
        """The next point; None once `size` trials were asked for, the space is used up, or Optuna ends it."""
        if self._study.stopped or (self.size is not None and number >= self.size):
            return None
        if number < len(self._search.start):
            return self._taken(number, *self._study.ask(self._search.start[number]))
        for _ in range(MAX_ASKS):
            trial, params = self._study.ask()
            if self._fresh(params):
                return self._taken(number, trial, params)
            self._study.discard(trial)
        source = random.Random(f"{self._seed}/{number}")
        drawn = (draw(self._search.space, source) for _ in range(self._most_drawn))
        for params in filter(self._fresh, chain(drawn, self._index.walk(source, self._most_walked))):
            return self._taken(number, *self._study.ask(params))
        return None

    def learn(self, results: Sequence[TrialResult]) -> None:
        for result in results:
            self._study.add(result)

    def replay(self, number: int, params: Params) -> None:
        """Ask as the earlier run did; what that launched counts where another version proposes otherwise."""
        proposed = self.ask(number)
        if proposed == params:
            return
        if proposed is not None:  # nobody trains it: it may be proposed again
            self._study.discard(self._trials.pop(number))
            self._seen[key_of(proposed)] -= 1
        self._taken(number, *self._study.ask(params))

    def report(self, report: TrialReport) -> None:
        if trial := self._trials.get(report.trial):
            self._study.report(trial, report)

    def tell(self, result: TrialResult) -> None:
        """Learn how a trial ended; the second end of one that was retried is that of a trial of its own."""
        trial = self._trials.pop(result.trial, None) or self._study.ask(result.params)[0]
        self._study.tell(trial, result)

    def _taken(self, number: int, trial: "optuna.Trial", params: Params) -> Params:
        self._trials[number] = trial
        self._seen[key_of(params)] += 1
        return params

    def _fresh(self, params: Params) -> bool:
        return not self._seen[key_of(params)] and self._allows(params)


def options_of(search: SearchSpec) -> dict[str, Any]:
    """The options of the search, for Optuna's sampler.

    Raises:
        Fault: there is a seed among them.
    """
    if "seed" in search.options:
        raise Fault("must not be given; set study.seed", "options", "seed", value=search.options["seed"])
    return dict(search.options)
