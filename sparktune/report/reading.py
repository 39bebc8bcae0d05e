"""From a study directory to its StudyRecord; nothing is locked or written, so the study may be running."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from sparktune.errors import InputError
from sparktune.ledger import BundleExported, StudyEnded, StudyStarted
from sparktune.ledger.events import Event, Launched, Paused, Recorded
from sparktune.ledger.history import LedgerState
from sparktune.ledger.lock import is_driven
from sparktune.ledger.opening import read_existing
from sparktune.ledger.ownership import LOCK, stored_spec
from sparktune.report.evaluation import read_evaluation
from sparktune.report.record import Execution, Session, StudyRecord, StudyStatus, TrialRecord
from sparktune.search import build_sampler
from sparktune.spec import StudySpec
from sparktune.summary import Objective, Reason, Summary
from sparktune.trial import TrialResult, TrialState

SAME_JOB = 0.25  # seconds within which the results of one job are recorded
Timed = tuple[float, Event]


def read_study(directory: Path) -> StudyRecord:
    """A study as it stands now: one that runs, has ended, or whose driver was killed.

    Raises:
        StudyDirectoryError: the directory holds no study, or one that this version cannot read.

    Example:
        >>> from sparktune.report import read_study
        >>> read_study(Path("studies/digits")).best.params  # doctest: +SKIP
        {'neurons': 64, 'learning_rate': 0.01}
    """
    header, file = read_existing(directory)
    state = LedgerState(header.direction, header.metrics)
    state.replay(file.events)
    spec = stored_spec(state.spec or header.spec, directory)
    status = _status(state, is_driven(directory / LOCK))
    executions = _executions(file.events, status)
    exported = next((note for note in reversed(state.notes) if isinstance(note, BundleExported)), None)
    best = state.best.trial if state.best else None
    return StudyRecord(
        directory=directory,
        spec=spec,
        study_id=header.study_id,
        objective=_objective(state, spec),
        status=status,
        stopped=_stopped(state),
        created=header.created,
        sessions=_sessions(file.events, header.created),
        trials=_trials(state, executions),
        total=_total(spec, len(state.params)),
        best_number=best,
        test=exported.test if exported and exported.trial == best else None,
        evaluation=read_evaluation(directory, best),
        summary=_summary(directory, state),
        front=tuple(result.trial for result in state.front.ranked),
    )


def _objective(state: LedgerState, spec: StudySpec) -> Objective:
    """As the study started or ended with it; where both lines are lost, as the spec has it."""
    for note in reversed(state.notes):
        if isinstance(note, StudyStarted):
            return Objective(note.metric, state.direction, tuple(state.metrics))
        if isinstance(note, StudyEnded) and note.summary:
            return note.summary.objective
    return Objective(spec.objective.metric or "objective", state.direction, tuple(state.metrics))


def _status(state: LedgerState, driven: bool) -> StudyStatus:
    """A driver that is alive still has the study for a moment after it has ended."""
    if state.end:
        return state.end.state
    return "RUNNING" if driven else "KILLED"


def _stopped(state: LedgerState) -> Reason | None:
    """As the end of its last run has it: `summary.json` may be that of an earlier run."""
    return state.end.summary.stopped if state.end and state.end.summary else None


def _sessions(events: Sequence[Timed], created: float) -> tuple[Session, ...]:
    """Each lasts from a StudyStarted to the last event before the next one."""
    starts = [index for index, (_, event) in enumerate(events) if isinstance(event, StudyStarted)]
    if not starts:  # the lines are lost, or the study was killed before the first
        return (Session(created, events[-1][0]),) if events else ()
    return tuple(
        Session(events[first][0], events[end - 1][0]) for first, end in pairwise([*starts, len(events)])
    )


def _trials(state: LedgerState, executions: Sequence[Execution]) -> tuple[TrialRecord, ...]:
    of_trial: dict[int, list[Execution]] = {}
    for execution in executions:
        of_trial.setdefault(execution.trial, []).append(execution)
    trials = []
    for number, params in sorted(state.params.items()):
        own = tuple(of_trial.get(number, ()))
        result = state.results.get(number) or state.unfinished.get(number)
        now = own[-1].state if own and number not in state.results else None
        result = result or TrialResult(number, params, now or TrialState.KILLED)
        trials.append(TrialRecord.of(result, now or result.state, state.attempts.get(number, 1), own))
    return tuple(trials)


def _executions(events: Sequence[Timed], status: StudyStatus) -> list[Execution]:
    """Every launch, in the order of their ends; those under way come last."""
    found: list[Execution] = []
    under_way: dict[int, Execution] = {}
    trained: dict[int, float] = {}  # seconds of the segments before, by trial: results count them, too
    last = events[-1][0] if events else 0.0
    before = 0.0
    for time, event in events:
        match event:
            case Launched(trial, attempt):
                under_way[trial] = Execution(trial, attempt, time, None, None, "", TrialState.RUNNING)
            case Recorded(TrialResult(state=TrialState.PRUNED)):
                pass  # the segment before it has ended on its own
            case Recorded(result) | Paused(_, result):
                earlier = trained.get(result.trial, 0.0)
                seconds = result.seconds - (earlier if earlier <= result.seconds else 0.0)
                found.append(_ended(under_way.pop(result.trial, None), result, seconds, time))
                trained[result.trial] = result.seconds
            case StudyStarted():
                found += [_lost(execution, before) for execution in under_way.values()]
                under_way.clear()
        before = time
    ends = under_way.values() if status == "RUNNING" else [_lost(e, last) for e in under_way.values()]
    return [*_one_after_another(found), *ends]


def _ended(launch: Execution | None, result: TrialResult, seconds: float, time: float) -> Execution:
    launched = launch.launched if launch else None
    started = time - seconds if launched is None else max(time - seconds, launched)
    return Execution(result.trial, result.attempt, launched, started, time, result.host, result.state)


def _lost(execution: Execution, time: float) -> Execution:
    return replace(execution, ended=time, state=TrialState.KILLED)


def _one_after_another(executions: list[Execution]) -> list[Execution]:
    """The results of one job come at once, though its trials ran one after another: set their times apart."""
    apart = list(executions)
    next_of_job: dict[tuple[float, str], tuple[float, float]] = {}  # its start, and when its result came
    for index in range(len(apart) - 1, -1, -1):
        execution = apart[index]
        if execution.launched is None or execution.started is None or execution.ended is None:
            continue
        job, start = (execution.launched, execution.host), execution.started
        next_start, next_came = next_of_job.get(job, (0.0, math.inf))
        earlier = next_start - (execution.ended - start)
        # Results of one job that did not run beside each other.
        if abs(next_came - execution.ended) < SAME_JOB and earlier >= execution.launched:
            start = earlier
            apart[index] = replace(execution, started=start, ended=next_start)
        next_of_job[job] = start, execution.ended
    return apart


def _total(spec: StudySpec, launched: int) -> int | None:
    """How many trials the spec's sampler gives; None where that is open, or another sampler was used."""
    try:
        size = build_sampler(spec).size
    except (InputError, ValueError):
        return None
    return size if size is not None and size >= launched else None


def _summary(directory: Path, state: LedgerState) -> Summary | None:
    """What `summary.json` holds; where it is missing or damaged, what the ledger noted at the study's end."""
    try:
        return Summary.from_record(json.loads((directory / "summary.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        ended = next((note for note in reversed(state.notes) if isinstance(note, StudyEnded)), None)
        return ended.summary if ended else None
