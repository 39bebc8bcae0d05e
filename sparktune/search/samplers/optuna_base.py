"""What all samplers of Optuna share: distinct points, and a replay that gives the same ones again."""

import math
import random
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any, Self

from sparktune.errors import SparktuneError, StudyFailed
from sparktune.search.allowed_points import AllowedPoints, Allows
from sparktune.search.samplers.base import Sampler, check_ends
from sparktune.search.samplers.distinct import key_of
from sparktune.search.samplers.optuna_study import OptunaStudy, silent_optuna
from sparktune.search.space import IndexedSpace, count_allowed, draw
from sparktune.spec import SearchSpec
from sparktune.spec.base import Fault
from sparktune.summary import Objective
from sparktune.trial import Params, TrialReport, TrialResult, TrialState

if TYPE_CHECKING:
    import optuna

MAX_ASKS = 20  # for one trial, before a random point is taken
SEEDS = 2**32  # of NumPy, which Optuna's samplers draw with
MAX_OBJECTIVES = 4  # that a sampler is tried with, where it is not known how many the study has
STARTUP = 10  # trials that Optuna's samplers draw at random by default
MAX_STARTUP = 60


@contextmanager
def _sampler_failures() -> Iterator[None]:
    """What Optuna's sampler raises ends the study, and says where that comes from.

    Raises:
        StudyFailed: Optuna's sampler cannot go on.
    """
    try:
        yield
    except SparktuneError:
        raise
    except Exception as error:
        raise StudyFailed(
            f"Optuna's sampler cannot go on with these search.options; it says: {error!r}; all results are "
            "kept: run a study of another name with other options; search.warm_start learns from this one"
        ) from error


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
        self._points = AllowedPoints(search)
        self._trials: dict[int, optuna.Trial] = {}
        self._seen: Counter[str] = Counter()

    @classmethod
    def check(cls, search: SearchSpec) -> None:
        """Refuse options that Optuna's sampler does not take, and a search without points or an end."""
        if count_allowed(search, IndexedSpace(search.space)) is None:
            check_ends(search)
        if failure := cls._failure(search, 1):
            raise Fault(
                f"must be options of Optuna's sampler; it says: {failure!r}", "options", value=search.options
            )

    @classmethod
    def check_several(cls, search: SearchSpec) -> None:
        """Refuse a sampler that Optuna refuses where it is asked: Optuna says it nowhere else."""
        if failure := cls._failure(search, 2):
            raise Fault(
                f"must learn from several objectives (Optuna says: {failure}); use tpe, nsga2 or random",
                "sampler",
                value=search.sampler,
            )

    @classmethod
    def _failure(cls, search: SearchSpec, least: int) -> Exception | None:
        """What Optuna's sampler raises with `least` objectives; None where it works with so many, or more.

        Raises:
            Fault: an option is refused before Optuna sees it.
        """
        first: Exception | None = None
        for objectives in range(least, MAX_OBJECTIVES + 1):
            try:
                cls._rehearse(search, [f"metric_{number}" for number in range(objectives)])
            except Fault:
                raise
            except Exception as error:  # noqa: BLE001 - Optuna may fail anyhow on what options hold
                first = first or error
            else:
                return None
        return first

    @classmethod
    def _rehearse(cls, search: SearchSpec, metrics: list[str]) -> None:
        """Ask Optuna's sampler, and tell it made-up results, until it has learned from some.

        Optuna reads many options only when it is asked, some of them after many trials. Without options one
        trial is enough.
        """
        with silent_optuna():
            algorithm = cls.algorithm(search, 0)
        several = tuple(Objective(metric, "minimize") for metric in metrics)
        objective = Objective(metrics[0], "minimize", several if len(several) > 1 else ())
        study = OptunaStudy(search.space, algorithm, objective)
        for number in range(_enough(search, algorithm)):
            if study.stopped:
                break
            trial, params = study.ask()
            value = float(number % 7)
            values = dict.fromkeys(metrics, value)
            study.tell(trial, TrialResult(number, params, TrialState.COMPLETE, value, values=values))

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
        return self._points.size

    @property
    def lookahead(self) -> int:
        """It learns: it is asked when a slot is free, and not before."""
        return 0

    def restrict(self, allows: Allows) -> None:
        self._points.restrict(allows)

    def set_objective(self, objective: Objective) -> None:
        with silent_optuna():
            algorithm = self.algorithm(self._search, self._seed % SEEDS)
        self._study = OptunaStudy(self._search.space, algorithm, objective)

    @_sampler_failures()
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
        draws = (draw(self._search.space, source) for _ in count())
        for params in filter(self._fresh, self._points.candidates(draws, source)):
            return self._taken(number, *self._study.ask(params))
        return None

    def learn(self, results: Sequence[TrialResult]) -> None:
        for result in results:
            self._study.add(result)

    @_sampler_failures()
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

    @_sampler_failures()
    def tell(self, result: TrialResult) -> None:
        """Learn how a trial ended; the second end of one that was retried is that of a trial of its own."""
        trial = self._trials.pop(result.trial, None) or self._study.ask(result.params)[0]
        self._study.tell(trial, result)

    def _taken(self, number: int, trial: "optuna.Trial", params: Params) -> Params:
        self._trials[number] = trial
        self._seen[key_of(params)] += 1
        return params

    def _fresh(self, params: Params) -> bool:
        return not self._seen[key_of(params)] and self._points.allows(params)


def options_of(search: SearchSpec) -> dict[str, Any]:
    """The options of the search, for Optuna's sampler.

    Raises:
        Fault: there is a seed among them.
    """
    if "seed" in search.options:
        raise Fault("must not be given; set study.seed", "options", "seed", value=search.options["seed"])
    return dict(search.options)


def _enough(search: SearchSpec, algorithm: "optuna.samplers.BaseSampler") -> int:
    """Trials after which Optuna's sampler has read its options: two more than it starts with."""
    if not search.options:
        return 1
    args = search.options.get("args", search.options)
    starts = [args.get("n_startup_trials"), getattr(algorithm, "population_size", None)]
    longest = max([STARTUP, *(start for start in starts if isinstance(start, (int, float)))])
    return math.ceil(min(longest, MAX_STARTUP)) + 2
