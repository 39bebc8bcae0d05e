"""From a study directory to its StudyRecord; nothing is locked or written, so the study may be running."""

import json
from collections.abc import Sequence
from pathlib import Path

from sparktune.errors import InputError
from sparktune.ledger import BundleExported, StudyEnded, StudyStarted
from sparktune.ledger.lock import is_driven
from sparktune.ledger.opening import read_existing
from sparktune.ledger.ownership import LOCK, stored_spec
from sparktune.ledger.state import LedgerState
from sparktune.report.evaluation import read_evaluation
from sparktune.report.record import Execution, StudyRecord, StudyStatus, TrialRecord
from sparktune.report.timing import executions_of, sessions_of
from sparktune.search import build_sampler
from sparktune.spec import StudySpec
from sparktune.summary import Objective, Summary
from sparktune.trial import TrialResult, TrialState


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
    without_end: StudyStatus = "RUNNING" if is_driven(directory / LOCK) else "KILLED"
    # A driver that is alive still has the study for a moment after its end.
    status = state.end.state if state.end else without_end
    last_summary = state.end.summary if state.end else None  # summary.json may be that of an earlier run
    executions = executions_of(file.events, running=status == "RUNNING")
    exported = next((note for note in reversed(state.notes) if isinstance(note, BundleExported)), None)
    best = state.best.trial if state.best else None
    return StudyRecord(
        directory=directory,
        spec=spec,
        study_id=header.study_id,
        objective=_objective(state, spec),
        status=status,
        stopped=last_summary.stopped if last_summary else None,
        created=header.created,
        sessions=sessions_of(file.events, header.created),
        trials=_trials(state, executions),
        total=_total(spec, len(state.params)),
        best_number=best,
        test=exported.test if exported and exported.trial == best else None,
        evaluation=read_evaluation(directory, best),
        summary=_summary(directory, state),
        front=tuple(result.trial for result in state.measured_front.ranked),
    )


def _objective(state: LedgerState, spec: StudySpec) -> Objective:
    """As the study started or ended with it; where both lines are lost, as the spec has it."""
    for note in reversed(state.notes):
        if isinstance(note, StudyStarted):
            return Objective(note.metric, state.direction, tuple(state.metrics))
        if isinstance(note, StudyEnded) and note.summary:
            return note.summary.objective
    return Objective(spec.objective.metric or "objective", state.direction, tuple(state.metrics))


def _trials(state: LedgerState, executions: Sequence[Execution]) -> tuple[TrialRecord, ...]:
    of_trial: dict[int, list[Execution]] = {}
    for execution in executions:
        of_trial.setdefault(execution.trial, []).append(execution)
    trials = []
    for number, params in sorted(state.params.items()):
        own = tuple(of_trial.get(number, ()))
        result = state.last_result(number)
        now = own[-1].state if own and number not in state.results else None
        result = result or TrialResult(number, params, now or TrialState.KILLED)
        trials.append(TrialRecord.of(result, now or result.state, state.attempts.get(number, 1), own))
    return tuple(trials)


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
