"""A study as its directory records it: typed values that every view of it is made from."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal, final

from sparktune.errors import InputError
from sparktune.pareto import rank
from sparktune.report.evaluation import Evaluation
from sparktune.search.space import position
from sparktune.spec import StudySpec
from sparktune.summary import Objective, Reason, RunStatus, Summary
from sparktune.trial import Number, Params, TrialNotes, TrialResult, TrialState

StudyStatus = Literal["RUNNING"] | RunStatus


@final
@dataclass(frozen=True)
class Execution:
    """One launch of a trial. Times are in seconds since 1970.

    `launched` is when the driver handed it to the launcher, None where that line of the ledger is lost.
    From `started` to `ended` it trained on `host`; `ended` is None while it runs. `state` is how it ended;
    KILLED also where its driver died before the result came, then `ended` is the last sign of that driver.
    """

    trial: int
    attempt: int
    launched: float | None
    started: float | None
    ended: float | None
    host: str
    state: TrialState

    @property
    def waited(self) -> float | None:
        """Seconds between launch and start: for a free slot, and for what starts a trial there."""
        if self.launched is None or self.started is None:
            return None
        return max(0.0, self.started - self.launched)


@final
@dataclass(frozen=True)
class TrialRecord:
    """How a trial stands.

    `state` is RUNNING while it runs. `value` is the objective at its best `epoch` (from 1), `values` those of
    several objectives by metric, `history` a list per metric with one value per epoch, `seconds` the time it
    took where it ran, `timings` the same by phase. `executions` are its launches in order; `attempts` counts
    all tries, those of Spark included.
    """

    number: int
    params: Params
    state: TrialState
    value: float | None = None
    values: dict[str, Number] = field(default_factory=dict)
    epoch: int | None = None
    history: dict[str, list[float]] = field(default_factory=dict)
    seconds: float = 0.0
    timings: dict[str, float] = field(default_factory=dict)
    attempts: int = 1
    host: str = ""
    error: str | None = None
    complaint: str | None = None
    notes: TrialNotes = field(default_factory=TrialNotes)
    executions: tuple[Execution, ...] = ()

    @classmethod
    def of(
        cls, result: TrialResult, state: TrialState, attempts: int, executions: tuple[Execution, ...]
    ) -> "TrialRecord":
        """The record of a trial's last result; `state` may differ from it where the trial runs again."""
        return cls(
            number=result.trial,
            params=result.params,
            state=state,
            value=result.value,
            values=result.values,
            epoch=result.epoch,
            history=result.history,
            seconds=result.seconds,
            timings=result.timings,
            attempts=max(attempts, result.attempt),
            host=result.host,
            error=result.error,
            complaint=result.complaint,
            notes=result.notes,
            executions=executions,
        )

    @property
    def started(self) -> float | None:
        """When it first trained, in seconds since 1970; None before."""
        return next((e.started for e in self.executions if e.started is not None), None)

    @property
    def ended(self) -> float | None:
        """When its last result came, in seconds since 1970; None while it runs."""
        return self.executions[-1].ended if self.executions else None


@final
@dataclass(frozen=True)
class Session:
    """A driver's time with the study, in seconds since 1970: to its last event where it was killed."""

    started: float
    ended: float


@final
@dataclass(frozen=True)
class StudyRecord:
    """A study, as the files of its directory say at one moment.

    `status` is RUNNING while a driver is alive; of a study whose driver died it is KILLED. `stopped` says
    what ended it before its last trial, None where nothing did or its driver died. `created` is in seconds
    since 1970, `seconds` the time of all `sessions` together. `trials` are those launched, by number;
    `total` is how many there will be, None where that is open. `test` has the metrics of the exported model
    on the test split, `evaluation` its figures in detail; None where there are none. `summary` is None before
    the study has ended once. `front` has the numbers of the trials of the Pareto front, the best one first.
    """

    directory: Path
    spec: StudySpec
    study_id: str
    objective: Objective
    status: StudyStatus
    stopped: Reason | None
    created: float
    sessions: tuple[Session, ...]
    trials: tuple[TrialRecord, ...]
    total: int | None
    best_number: int | None
    test: dict[str, float] | None
    evaluation: Evaluation | None
    summary: Summary | None
    front: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """The study's name."""
        return self.spec.study.name

    @property
    def seconds(self) -> float:
        """How long drivers worked on it."""
        return sum(session.ended - session.started for session in self.sessions)

    @property
    def best(self) -> TrialRecord | None:
        """The best complete trial; None where there is none."""
        return None if self.best_number is None else self.trial(self.best_number)

    @property
    def pareto(self) -> tuple[TrialRecord, ...]:
        """The trials that no other one beats in all of several objectives; with one objective none."""
        return tuple(map(self.trial, self.front)) if self.objective.metrics else ()

    @cached_property
    def valued(self) -> tuple[TrialRecord, ...]:
        """The complete trials, best first; of equal values the lowest number first."""
        complete = [t for t in self.trials if t.state is TrialState.COMPLETE and t.value is not None]
        return tuple(sorted(complete, key=lambda t: rank(t.number, t.value or 0.0, t.values, self.objective)))

    @cached_property
    def baseline(self) -> TrialRecord | None:
        """The trial that stands for a study without tuning: the complete one nearest to the space's middle.

        Distances are taken in each domain from its first value (0) to its last (1), in the logarithm where it
        is searched so; of equal ones the lowest number wins. None with fewer than two complete trials.
        """
        if len(self.valued) < 2:
            return None
        return min(self.valued, key=lambda trial: (self._off_middle(trial.params), trial.number))

    @property
    def error_lowered(self) -> float | None:
        """The share of the baseline's error, from 0 to 1, that the best trial does not have.

        The error of a maximised metric is its distance to 1. None without a baseline, or where the values
        are no such metric.
        """
        if self.best is None or self.baseline is None:
            return None
        best, baseline = self.best.value or 0.0, self.baseline.value or 0.0
        if self.objective.direction == "maximize":
            best, baseline = 1 - best, 1 - baseline
        return 1 - best / baseline if baseline > 0 and best >= 0 else None

    def trial(self, number: int) -> TrialRecord:
        """The trial of a number.

        Raises:
            InputError: no such trial was launched.
        """
        found = self._by_number.get(number)
        if found is None:
            known = f"0 to {max(self._by_number)}" if self._by_number else "none, as no trial was launched"
            raise InputError(f"the trial of study {self.name} must be one of {known}, but got {number}")
        return found

    def elapsed(self, time: float) -> float:
        """Seconds that drivers had worked on the study at a `time` in seconds since 1970."""
        return sum(
            min(max(time, session.started), session.ended) - session.started for session in self.sessions
        )

    @cached_property
    def _by_number(self) -> dict[int, TrialRecord]:
        return {trial.number: trial for trial in self.trials}

    def _off_middle(self, params: Params) -> float:
        space = self.spec.search.space
        squares = [(position(domain, params.get(name)) - 0.5) ** 2 for name, domain in space.items()]
        return round(sum(squares), 12)
