"""What MLflow should show of a study and its trials, as plain values."""

import getpass
import json
import math
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, final

from sparktune.spec import StudySpec
from sparktune.summary import Objective, RunStatus, Summary
from sparktune.trial import Trial, TrialResult, TrialState

STUDY_ID = "sparktune.study_id"
TRIAL = "sparktune.trial"
STATE = "sparktune.state"
ATTEMPT = "sparktune.attempt"
PARENT = "mlflow.parentRunId"
NOTE = "mlflow.note.content"

KEY_LENGTH = 250
PARAM_LENGTH = 6000
TAG_LENGTH = 5000
NOTES = ("engine", "compiler", "reason", "fused", "batching", "stopped")  # fields of TrialNotes
ERROR_LENGTH = 300

EntryStatus = RunStatus | Literal["RUNNING", "SCHEDULED"]
# A diverged trial has no value, so it is shown as FAILED: all FINISHED runs can be compared. A paused trial
# is SCHEDULED, as it goes on later.
STATUS: dict[TrialState, EntryStatus] = {
    TrialState.RUNNING: "RUNNING",
    TrialState.PAUSED: "SCHEDULED",
    TrialState.COMPLETE: "FINISHED",
    TrialState.DIVERGED: "FAILED",
    TrialState.FAILED: "FAILED",
    TrialState.KILLED: "KILLED",
}
FIXED = ("epochs", "batch_size", "optimizer", "learning_rate")


@final
@dataclass(frozen=True)
class MetricPoint:
    """One value of a metric; `at_ms` in milliseconds since 1970."""

    key: str
    value: float
    step: int
    at_ms: int


@final
@dataclass(frozen=True)
class Entry:
    """One MLflow run as it should be.

    `number` is the trial's, None for the study's own run. Times are milliseconds since 1970. `identity` has
    the tags that are written when the run is created; a later search finds the run by them.
    """

    number: int | None
    name: str
    start_ms: int
    identity: dict[str, str]
    status: EntryStatus = "RUNNING"
    end_ms: int | None = None
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    points: tuple[MetricPoint, ...] = ()

    @property
    def outcome(self) -> tuple[EntryStatus, int | None]:
        """Status and end, which differ between two attempts at a trial."""
        return self.status, self.end_ms

    def latest(self) -> dict[str, float]:
        """The value of each metric at its last step."""
        return {p.key: p.value for p in sorted(self.points, key=lambda p: p.step)}


@final
class StudyEntries:
    """Makes the entries of one study: its own and those of its trials.

    `objective` has the metric and direction that the study decided on, as the spec may leave them open.
    """

    def __init__(self, spec: StudySpec, study_id: str, objective: Objective) -> None:
        try:
            user = getpass.getuser()
        except (KeyError, OSError):  # a container user without a name
            user = "unknown"
        self._spec = spec
        self._identity = {
            "sparktune.study": spec.study.name,
            STUDY_ID: study_id,
            "mlflow.user": user,
            "mlflow.source.name": "sparktune",
        }
        self._objective = objective

    def study(self, start_ms: int) -> Entry:
        """The study's own run while the study runs."""
        tags = {
            STATE: "RUNNING",
            "sparktune.host": socket.gethostname(),
            "sparktune.spec": self._spec.digest(),
            "sparktune.objective": self._objective.metric,
            "sparktune.direction": self._objective.direction,
        }
        params = {_key(k): _text(v, PARAM_LENGTH) for k, v in _study_params(self._spec)}
        return Entry(None, self._spec.study.name, start_ms, self._identity, params=params, tags=tags)

    def finish(self, status: RunStatus, summary: Summary | None, start_ms: int, end_ms: int) -> Entry:
        """The study's own run after the study has ended."""
        tags: dict[str, str] = {STATE: str(status)}
        metrics: dict[str, float] = {}
        if summary is not None:
            if best := summary.best:
                metrics["best_value"] = best.value
                params = {"trial": best.trial, **best.params}
                tags |= {_key(f"sparktune.best.{k}"): _text(v, TAG_LENGTH) for k, v in params.items()}
            metrics["study_seconds"] = summary.seconds
            metrics |= {f"trials.{state.lower()}": count for state, count in summary.states.items()}
            metrics |= {f"test.{name}": value for name, value in (summary.test or {}).items()}
            tags[NOTE] = _study_note(summary)
        points = [MetricPoint(_key(k), float(v), 0, end_ms) for k, v in metrics.items() if math.isfinite(v)]
        name = self._spec.study.name
        return Entry(None, name, start_ms, self._identity, status, end_ms, tags=tags, points=tuple(points))

    def launch(self, trial: Trial, start_ms: int) -> Entry:
        """A trial's run while the trial runs."""
        return Entry(trial.number, _trial_name(trial.number), start_ms, self._trial_identity(trial.number))

    def result(self, result: TrialResult, end_ms: int, start_ms: int | None = None) -> Entry:
        """A trial's run after the trial has ended; by default it started `result.seconds` before `end_ms`.

        Its parameters are what is searched, and the FIXED fields by which trials of different studies are
        compared.
        """
        start = end_ms - round(1000 * result.seconds) if start_ms is None else min(start_ms, end_ms)
        fixed = {name: getattr(self._spec.training, name) for name in FIXED}
        params = {**{k: v for k, v in fixed.items() if v is not None}, **result.params}
        return Entry(
            number=result.trial,
            name=_trial_name(result.trial),
            start_ms=start,
            identity=self._trial_identity(result.trial),
            status=STATUS[result.state],
            end_ms=end_ms,
            params={_key(k): _text(v, PARAM_LENGTH) for k, v in params.items()},
            tags=_result_tags(result),
            points=tuple(_points(result, start, end_ms)),
        )

    def _trial_identity(self, number: int) -> dict[str, str]:
        return {**self._identity, TRIAL: str(number)}


def _points(result: TrialResult, start_ms: int, end_ms: int) -> Iterator[MetricPoint]:
    """The finite metrics. Epochs are spread evenly over the trial's time, as their own times are not known.

    The objective comes first, as MLflow's parallel coordinates plot begins with the first metric.
    """
    if result.value is not None and math.isfinite(result.value):
        yield MetricPoint("objective", result.value, 0, end_ms)
        yield MetricPoint("best_epoch", float(result.epoch or 0), 0, end_ms)
        yield MetricPoint("seconds", result.seconds, 0, end_ms)
    for name, values in result.history.items():
        for epoch, value in enumerate(values, start=1):
            if math.isfinite(value):
                at_ms = start_ms + (end_ms - start_ms) * epoch // len(values)
                yield MetricPoint(_key(name), float(value), epoch, at_ms)


def _result_tags(result: TrialResult) -> dict[str, str]:
    tags = {
        STATE: result.state.value,
        "sparktune.host": result.host,
        ATTEMPT: str(result.attempt),
        **{f"sparktune.{name}": (getattr(result.notes, name) or "")[:ERROR_LENGTH] for name in NOTES},
    }
    if result.error:
        lines = result.error.strip().splitlines() or [""]
        tags["sparktune.error"] = lines[-1][:ERROR_LENGTH]
        tags[NOTE] = f"```\n{result.error.strip()[-TAG_LENGTH:]}\n```"
    # Not among the points, as MLflow would show infinity as 1.8e308. Reversed: the first epoch is kept.
    not_finite = {
        name: f"{name}: {value} in epoch {epoch}"
        for name, values in result.history.items()
        for epoch, value in reversed([*enumerate(values, 1)])
        if not math.isfinite(value)
    }
    tags["sparktune.not_finite"] = ", ".join(not_finite.values())[:TAG_LENGTH]
    return {k: v for k, v in tags.items() if v}


def _study_params(spec: StudySpec) -> Iterator[tuple[str, Any]]:
    """What is set in the sections of the spec that decide the results; a resumed study cannot change it."""
    given = spec.model_dump(mode="json", exclude_defaults=True)
    yield from (("seed", spec.study.seed), ("sampler", spec.search.sampler), ("model.kind", spec.model.kind))
    if spec.search.trials is not None:
        yield "trials", spec.search.trials
    for name, domain in spec.search.space.items():
        shown = domain.model_dump(mode="json", exclude_defaults=True)
        yield f"space.{name}", shown.get("values", shown)
    for section in ("data", "model", "training", "objective"):
        for name, value in given.get(section, {}).items():
            if (section, name) not in (("model", "kind"), ("model", "source")):
                yield f"{section}.{name}", value


def _study_note(summary: Summary) -> str:
    """The description at the head of the study's page, in Markdown."""
    states = ", ".join(f"{count} {state}" for state, count in summary.states.items())
    lines = [f"Trials: {states or 'none'}."]
    if best := summary.best:
        params = ", ".join(f"{k} = {_text(v, 100)}" for k, v in best.params.items())
        value = f"{summary.objective.metric} {best.value} in epoch {best.epoch}"
        lines.append(f"Best: trial {best.trial}, {value}, with {params}.")
    if summary.test is not None:
        lines.append(f"Test: {_text(summary.test, 500)}.")
    return "\n\n".join(lines)[:TAG_LENGTH]


def _trial_name(number: int) -> str:
    return f"trial-{number:04d}"


def _key(name: str) -> str:
    """The name with `_` for each character that MLflow refuses."""
    return re.sub(r"[^\w\-. :/]", "_", name, flags=re.ASCII)[:KEY_LENGTH] or "_"


def _text(value: Any, length: int) -> str:
    """A str as it is, everything else as JSON, so that MLflow's plots read numbers as numbers."""
    return (value if isinstance(value, str) else json.dumps(value, default=str))[:length]
