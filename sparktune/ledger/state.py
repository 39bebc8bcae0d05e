"""The state of a study after the events of its ledger."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, final

from sparktune.ledger.events import (
    LEFT_OUT,
    Event,
    Launched,
    Note,
    Paused,
    Recorded,
    Retried,
    Skipped,
    SpecChanged,
    StudyEnded,
    StudyStarted,
    Voided,
)
from sparktune.pareto import ParetoFront
from sparktune.summary import Objective
from sparktune.trial import Params, TrialReport, TrialResult, TrialState

Launch = tuple[int, Params]  # a trial's number and its parameters
Step = Launch | TrialReport | TrialResult | Retried  # what a sampler has to know of


@final
class LedgerState:
    """The state after a sequence of events; applying one takes constant time, but for a voided result.

    By trial number: `results` are terminal; `unfinished` are the last results of trials that were killed,
    paused or opened again and go on when the study is resumed, `paused` what they go on from; `ended` is when
    a result came (seconds since 1970); `attempts` is how often a trial was launched; `params` are those of
    every trial ever launched; `under_way` are launched without a result since; `skipped` are left out for
    good. `sequence` has first launches, as number and parameters, reports of paused trials, terminal results,
    and which of them were opened again, in the order in which they came. `front` are the trials that no other
    one beats: with one objective the best one alone. `voided` are results of trials that run again for their
    model alone: until they end again, what they measured still stands.
    """

    def __init__(self, direction: str, metrics: Sequence[Objective] = ()) -> None:
        self.direction = direction
        self.metrics = metrics
        self.front = self._empty_front()
        self.results: dict[int, TrialResult] = {}
        self.unfinished: dict[int, TrialResult] = {}
        self.paused: dict[int, TrialResult] = {}
        self.voided: dict[int, TrialResult] = {}
        self.ended: dict[int, float] = {}
        self.attempts: dict[int, int] = {}
        self.params: dict[int, Params] = {}
        self.under_way: set[int] = set()
        self.skipped: set[int] = set()
        self.sequence: list[Step] = []
        self.notes: list[Note] = []
        self.spec: dict[str, Any] | None = None
        self._digests: dict[int, str | None] = {}

    def replay(self, events: Iterable[tuple[float, Event]]) -> None:
        """Apply events in order, each with its time."""
        for time, event in events:
            self.apply(event, time)

    def apply(self, event: Event, time: float) -> None:
        """Apply one event that happened at `time`, in seconds since 1970."""
        match event:
            case Recorded(result, digest):
                self._launched(result.trial, result.attempt, result.params)
                self._record(result, digest, time)
            case Paused(start, result):
                self._launched(result.trial, result.attempt, result.params)
                self._record(self._with_history(start, result), None, time)
            case Launched(trial, attempt, _, params):
                self._open_again(trial)
                self._launched(trial, attempt, params)
                self.under_way.add(trial)
            case Voided(trial):
                self._void(trial)
            case Retried():
                self._retry(event)
            case Skipped(trial):
                self.skipped.add(trial)
            case SpecChanged(spec):
                self.spec = spec
            case _:
                self.notes.append(event)

    @property
    def best(self) -> TrialResult | None:
        """The best trial, also where its result was voided."""
        return self.measured_front.best

    @property
    def measured_front(self) -> ParetoFront:
        """The front with the results that were voided."""
        if not self.voided:
            return self.front
        front = self._empty_front()
        for result in (*self.front.members.values(), *self.voided.values()):
            front.add(result)
        return front

    def last_result(self, trial: int) -> TrialResult | None:
        """What stands for a trial in the tables; None where there is nothing."""
        return self.results.get(trial) or self.voided.get(trial) or self.unfinished.get(trial)

    @property
    def end(self) -> StudyEnded | None:
        """How the last run ended; None where it goes on, or was killed, whatever an earlier run found."""
        last = next((n for n in reversed(self.notes) if isinstance(n, (StudyStarted, StudyEnded))), None)
        return last if isinstance(last, StudyEnded) else None

    def joined(self, result: TrialResult) -> TrialResult:
        """The result of a segment as that of its trial: with what the segments before it took and noted."""
        result = self._with_earlier(result)
        trained = result.timings.get("train")
        if "seconds" not in result.values or trained is None:
            return result
        return replace(result, values={**result.values, "seconds": trained})

    def _with_earlier(self, result: TrialResult) -> TrialResult:
        before = self.paused.get(result.trial)
        if before is None:
            return result
        phases = {**before.timings, **result.timings}
        timings = {p: before.timings.get(p, 0.0) + result.timings.get(p, 0.0) for p in phases}
        return replace(
            result,
            history=result.history or before.history,
            timings=timings,
            notes=before.notes.updated(result.notes),
            stood_still=before.stood_still + result.stood_still,
        )

    def new_epochs(self, result: TrialResult) -> Paused:
        """A paused result without the epochs that are known; with all of them if it was trained again."""
        before = self.paused.get(result.trial)
        start = before.epochs if before else 0
        if before and before.history != {name: values[:start] for name, values in result.history.items()}:
            start = 0
        history = {name: values[start:] for name, values in result.history.items()}
        return Paused(start, replace(result, history=history))

    @property
    def model_digests(self) -> Mapping[int, str | None]:
        """sha256 of the model files of the front by trial number; None where there is none."""
        return {number: self._digests.get(number) for number in self.front.members}

    def _empty_front(self) -> ParetoFront:
        """Of one objective the ledger's header has the direction alone."""
        return ParetoFront(Objective("", self.direction, tuple(self.metrics)))

    def _launched(self, trial: int, attempt: int, params: Params) -> None:
        """Also called for a result, as the line of its launch may be lost."""
        if trial not in self.params:
            self.sequence.append((trial, params))
        self.attempts[trial] = max(attempt, self.attempts.get(trial, 0))
        self.params[trial] = params

    def _record(self, result: TrialResult, digest: str | None, time: float) -> None:
        """Keep the first terminal result of a trial; before there is one, its last result.

        One of a later attempt shows that the trial was opened again, and launched, but those lines are lost.
        """
        ended = self.results.get(result.trial)
        if ended is not None and result.attempt <= ended.attempt:
            return
        self._open_again(result.trial)
        result = replace(result, model=None, checkpoint_bytes=None)
        self.ended[result.trial] = time
        if result.state is not TrialState.KILLED:
            self.under_way.discard(result.trial)
        if result.state is TrialState.PAUSED:
            self.paused[result.trial] = result
            self.sequence.append(result.report)
        if not result.state.terminal:
            self.unfinished[result.trial] = result
            return
        self.unfinished.pop(result.trial, None)
        self.voided.pop(result.trial, None)
        self.paused.pop(result.trial, None)
        self.results[result.trial] = result
        if result.error == LEFT_OUT:  # the line of the choice may be lost
            self.skipped.add(result.trial)
        self.sequence.append(result)
        self._digests[result.trial] = digest
        self.front.add(result)

    def _with_history(self, start: int, result: TrialResult) -> TrialResult:
        """A paused result with its first `start` epochs; if their line is lost, it begins anew."""
        before = self.paused.get(result.trial)
        if (before.epochs if before else 0) < start:
            return replace(result, history={}, checkpoint=None)
        known = before.history if before else {}
        history = {name: known.get(name, [])[:start] + new for name, new in result.history.items()}
        return replace(result, history=history)

    def _open_again(self, trial: int) -> None:
        """A trial that has ended goes on only if it was retried or voided, so that line is lost."""
        ended = self.results.get(trial)
        if ended is None:
            return
        if ended.state.unsuccessful:
            self._retry(Retried(trial))
        else:
            self._void(trial)

    def _retry(self, event: Retried) -> None:
        """Open a trial again; the sampler has learned how it ended, so that stays in the sequence."""
        if (ended := self.results.pop(event.trial, None)) is not None:
            self.unfinished[event.trial] = ended
            self._digests.pop(event.trial, None)
            self.sequence.append(event)

    def _void(self, trial: int) -> None:
        void = self.results.pop(trial, None)
        if void is not None:
            self.voided[trial] = void
        self.sequence = [event for event in self.sequence if event is not void]
        self._digests.pop(trial, None)
        self.front = self._empty_front()
        for result in self.results.values():
            self.front.add(result)
