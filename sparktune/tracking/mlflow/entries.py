"""What MLflow should show of a study and its trials, as plain values."""

import getpass
import math
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, final

from sparktune.spec import StudySpec
from sparktune.summary import Objective, RunStatus, Summary
from sparktune.tracking.mlflow.text import (
    PageOf,
    mlflow_key,
    objective_key,
    run_name,
    study_description,
    text_of,
)
from sparktune.trial import Trial, TrialNotes, TrialResult, TrialState

STUDY_ID = "sparktune.study_id"
TRIAL = "sparktune.trial"
STATE = "sparktune.state"
ATTEMPT = "sparktune.attempt"
CURVES = "sparktune.curves"  # the trial whose curves the study's own run shows
PARENT = "mlflow.parentRunId"
NOTE = "mlflow.note.content"

PARAM_LENGTH = 6000
TAG_LENGTH = 5000
NOTES = tuple(note.name for note in fields(TrialNotes) if note.name != "threads")
ERROR_LENGTH = 300

EntryStatus = RunStatus | Literal["RUNNING", "SCHEDULED"]
# A diverged trial has no value, so it is shown as FAILED: all FINISHED runs can be compared. A paused trial
# is SCHEDULED, as it goes on later; one that was ended from outside, which has no value either, is KILLED.
STATUS: dict[TrialState, EntryStatus] = {
    TrialState.RUNNING: "RUNNING",
    TrialState.PAUSED: "SCHEDULED",
    TrialState.COMPLETE: "FINISHED",
    TrialState.PRUNED: "KILLED",
    TrialState.DIVERGED: "FAILED",
    TrialState.FAILED: "FAILED",
    TrialState.TIMED_OUT: "KILLED",
    TrialState.OUT_OF_MEMORY: "KILLED",
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
        names = ", ".join(metric.metric for metric in self._objective.metrics)
        several = {"sparktune.objectives": names} if names else {}
        tags = {
            STATE: "RUNNING",
            "sparktune.host": socket.gethostname(),
            "sparktune.objective": self._objective.metric,
            "sparktune.direction": self._objective.direction,
            **several,
            "sparktune.trials": str(self._spec.search.trials or "all"),
        }
        params = {mlflow_key(k): text_of(v, PARAM_LENGTH) for k, v in _study_params(self._spec)}
        return Entry(None, self._spec.study.name, start_ms, self._identity, params=params, tags=tags)

    def finish(
        self,
        status: RunStatus,
        summary: Summary | None,
        start_ms: int,
        end_ms: int,
        best: Sequence[TrialResult] = (),
        page_of: PageOf = lambda number: None,
        table: str = "",
    ) -> Entry:
        """The study's own run after the study has ended.

        `best` are the best trials, the best one first; its curves are shown where the study has finished, as
        MLflow cannot take back those of a trial that a resumed study then surpasses. `page_of` gives the
        address of a trial's page, `table` is that of the table of runs.
        """
        tags: dict[str, str] = {STATE: str(status)}
        points: list[MetricPoint] = []
        if summary is not None:
            if summary.best:
                params = {"trial": summary.best.trial, **summary.best.params}
                tags |= {mlflow_key(f"sparktune.best.{k}"): text_of(v, TAG_LENGTH) for k, v in params.items()}
            tags[NOTE] = study_description(summary, best, page_of, table)[:TAG_LENGTH]
            points = [
                MetricPoint(mlflow_key(name), float(value), 0, end_ms)
                for name, value in _study_metrics(summary).items()
                if math.isfinite(value)
            ]
        if best and status == "FINISHED":
            points += _curves(best[0], start_ms, end_ms)
            tags[CURVES] = str(best[0].trial)
        name = self._spec.study.name
        return Entry(None, name, start_ms, self._identity, status, end_ms, tags=tags, points=tuple(points))

    def launch(self, trial: Trial, start_ms: int) -> Entry:
        """A trial's run while the trial runs."""
        name = run_name(trial.number, trial.params)
        return Entry(trial.number, name, start_ms, self._trial_identity(trial.number))

    def result(self, result: TrialResult, end_ms: int, start_ms: int | None = None) -> Entry:
        """A trial's run after the trial has ended; by default it started `result.seconds` before `end_ms`.

        Its parameters are what is searched, and the FIXED fields by which trials of different studies are
        compared.
        """
        start = end_ms - round(1000 * result.seconds) if start_ms is None else min(start_ms, end_ms)
        fixed = {n: getattr(self._spec.training, n) for n in FIXED} | {"epochs": self._spec.epochs}
        params = {**{k: v for k, v in fixed.items() if v is not None}, **result.params}
        return Entry(
            number=result.trial,
            name=run_name(result.trial, result.params),
            start_ms=start,
            identity=self._trial_identity(result.trial),
            status=STATUS[result.state],
            end_ms=end_ms,
            params={mlflow_key(k): text_of(v, PARAM_LENGTH) for k, v in params.items()},
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
        for name, value in result.values.items():
            yield MetricPoint(mlflow_key(objective_key(name)), float(value), 0, end_ms)
    yield from _curves(result, start_ms, end_ms)


def _curves(result: TrialResult, start_ms: int, end_ms: int) -> Iterator[MetricPoint]:
    for name, values in result.history.items():
        for epoch, value in enumerate(values, start=1):
            if math.isfinite(value):
                at_ms = start_ms + (end_ms - start_ms) * epoch // len(values)
                yield MetricPoint(mlflow_key(name), float(value), epoch, at_ms)


def _result_tags(result: TrialResult) -> dict[str, str]:
    tags = {
        STATE: result.state.value,
        "sparktune.host": result.host,
        ATTEMPT: str(result.attempt) if result.attempt > 1 else "",
        **{f"sparktune.{name}": (getattr(result.notes, name) or "")[:ERROR_LENGTH] for name in NOTES},
    }
    if result.error:
        tags["sparktune.error"] = (result.complaint or "")[:ERROR_LENGTH]
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
    kinds = ", ".join(model.kind for model in spec.models)
    yield from (("seed", spec.study.seed), ("sampler", spec.search.sampler), ("model.kind", kinds))
    for name, domain in spec.search.space.items():
        shown = domain.model_dump(mode="json", exclude_defaults=True)
        yield f"space.{name}", shown if "when" in shown else shown.get("values", shown)
    for section in ("data", "model", "training", "objective"):
        for name, value in given.get(section, {}).items():
            if (section, name) not in (("model", "kind"), ("model", "source")):
                yield f"{section}.{name}", value


def _study_metrics(summary: Summary) -> dict[str, float]:
    """What is measured of a whole study."""
    best = {"best_value": summary.best.value} if summary.best else {}
    states = {f"trials.{state.lower()}": count for state, count in summary.states.items()}
    test = {f"test.{name}": value for name, value in (summary.test or {}).items()}
    return {**best, "study_seconds": summary.seconds, **states, **test}
