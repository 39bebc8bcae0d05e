"""What the charts show, as numbers: the same for the page and for figures."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, final

from sparktune.errors import InputError
from sparktune.report.axis import Axis, distinct_texts, number_axis, parameter_axis
from sparktune.report.evaluation import Evaluation
from sparktune.report.record import StudyRecord, TrialRecord
from sparktune.spec.messages import one_of
from sparktune.trial import better

GROUPS = 6  # the most values of a parameter that have a colour each
CURVES = 10
MOST_JOINED = 24  # the most values of a parameter whose best points a line joins
FAR = 4.0  # times the range of the better trials: values beyond would press all others together
LOG_FACTOR = 8.0  # losses that span such a factor are drawn on a log axis


@final
@dataclass(frozen=True)
class Point:
    """A complete trial's value over something else, both as they were measured."""

    trial: int
    x: Any
    value: float


@final
@dataclass(frozen=True)
class Group:
    """Points whose second parameter has one value, or lies in one range."""

    name: str
    points: tuple[Point, ...]


@final
@dataclass(frozen=True)
class Curve:
    """A trial's objective by epoch (from 1), on the validation split and on the training split.

    `training` is empty where training does not measure it. `best_epoch` is that of the reported value.
    """

    trial: TrialRecord
    validation: tuple[float, ...]
    training: tuple[float, ...]

    @property
    def gap(self) -> float | None:
        """Training minus validation at the best epoch; None where either is not known."""
        at = (self.trial.epoch or len(self.validation)) - 1
        if not self.training or not 0 <= at < min(len(self.training), len(self.validation)):
            return None
        return self.training[at] - self.validation[at]


def value_axis(study: StudyRecord) -> Axis:
    """The axis of the objective, on which the better four fifths of the trials can be told apart.

    Worse ones far away are drawn at its end. It is logarithmic where what is minimised spans a factor of 8.
    """
    values = [trial.value for trial in study.valued if trial.value is not None]
    if not values:
        return number_axis(study.objective.metric, [])
    good = values[: max(2, math.ceil(0.8 * len(values)))]
    low, high = min(good), max(good)
    log = study.objective.direction == "minimize" and low > 0 and high / low > LOG_FACTOR
    reach = FAR * (high - low) if high > low else math.inf
    shown = values if log else [v for v in values if low - reach <= v <= high + reach]
    log = log and min(shown) > 0
    return number_axis(study.objective.metric, shown, log=log)


def other_objectives(study: StudyRecord) -> list[str]:
    """The metrics of several objectives but for the one that decides."""
    return [o.metric for o in study.objective.metrics if o.metric != study.objective.metric]


def objective_axis(study: StudyRecord, name: str) -> Axis:
    """The axis of one of several objectives, in the logarithm where its values span a factor of 8."""
    values = [trial.values[name] for trial in study.valued if name in trial.values]
    low, high = min(values, default=0.0), max(values, default=0.0)
    return number_axis(name, values, log=low > 0 and high / low > LOG_FACTOR)


def over_objective(study: StudyRecord, name: str) -> tuple[Point, ...]:
    """The value of each complete trial by that of another one of several objectives."""
    return tuple(Point(t.number, t.values[name], t.value or 0.0) for t in study.valued if name in t.values)


def over_trials(study: StudyRecord) -> tuple[Point, ...]:
    """The value of each complete trial by its number."""
    return tuple(sorted((Point(t.number, t.number, t.value or 0.0) for t in study.valued), key=lambda p: p.x))


def over_time(study: StudyRecord) -> tuple[Point, ...]:
    """The value of each complete trial by when it ended: seconds that drivers had worked on the study."""
    ended = [(t, t.ended) for t in study.valued if t.ended is not None]
    points = (Point(t.number, study.elapsed(time), t.value or 0.0) for t, time in ended)
    return tuple(sorted(points, key=lambda p: (p.x, p.trial)))


def best_so_far(study: StudyRecord, points: Sequence[Point]) -> tuple[Point, ...]:
    """The points that were the best when they came, in the order given."""
    leaders: list[Point] = []
    for point in points:
        if better(study.objective.direction, point.value, leaders[-1].value if leaders else None):
            leaders.append(point)
    return tuple(leaders)


def parameters(study: StudyRecord) -> tuple[str, ...]:
    """The parameters that differ between trials, in the order of the space."""
    seen: dict[str, set[str]] = {name: set() for name in study.spec.search.space}
    for trial in study.trials:
        for name, value in trial.params.items():
            seen.setdefault(name, set()).add(repr(value))
    return tuple(name for name, values in seen.items() if len(values) > 1)


def axis_of(study: StudyRecord, name: str) -> Axis:
    """The axis of a parameter.

    Raises:
        InputError: no trial has this parameter.
    """
    values = [trial.params[name] for trial in study.trials if name in trial.params]
    if not values:
        known = tuple(dict.fromkeys(p for trial in study.trials for p in trial.params))
        rule = one_of(known, name) if known else "must be that of a trial, but no trial has parameters"
        raise InputError(f"the parameter {rule}, but got {name!r}")
    return parameter_axis(name, study.spec.search.space.get(name), values)


def over_parameter(study: StudyRecord, name: str) -> tuple[Point, ...]:
    """The value of each complete trial by a parameter, in the order of the trials."""
    points = (Point(t.number, t.params[name], t.value or 0.0) for t in study.valued if name in t.params)
    return tuple(sorted(points, key=lambda point: point.trial))


def best_by_value(study: StudyRecord, name: str, points: Sequence[Point]) -> list[Point]:
    """The best of these points at each value of a parameter.

    None of them where it is no number, or where its values in the whole study are many or each trial's own.
    """
    every = [point.x for point in over_parameter(study, name)]
    if any(isinstance(x, bool) or not isinstance(x, (int, float)) for x in every):
        return []
    if len(set(every)) > min(MOST_JOINED, len(every) - 1):
        return []
    best: dict[float, Point] = {}
    for point in points:
        leader = best.get(point.x)
        if better(study.objective.direction, point.value, leader.value if leader else None):
            best[point.x] = point
    return [best[x] for x in sorted(best)]


def grouped(study: StudyRecord, name: str, by: str) -> tuple[Group, ...]:
    """The points of `over_parameter` by the value of a second parameter, or by its range if it has over six.

    Raises:
        InputError: no trial has one of the parameters.
    """
    axis_of(study, name)
    axis = axis_of(study, by)
    second = {t.number: t.params[by] for t in study.valued if by in t.params}
    points = [point for point in over_parameter(study, name) if point.trial in second]
    order = sorted(
        {_key(value): value for value in second.values()}.values(), key=lambda v: axis.position(v) or 0
    )
    if len(order) <= GROUPS or axis.kind == "category":
        places = {_key(value): place for place, value in enumerate(order[:GROUPS])}
        of_point = [places.get(_key(second[point.trial])) for point in points]
        found = distinct_texts(order[:GROUPS])
    else:
        cuts = [order[len(order) * n // 4] for n in (1, 2, 3)]
        of_point = [sum(second[point.trial] >= cut for cut in cuts) for point in points]
        found = [f"{a} to {b}" for a, b in pairwise(distinct_texts([order[0], *cuts, order[-1]]))]
    return tuple(
        Group(title, tuple(p for p, own in zip(points, of_point, strict=True) if own == place))
        for place, title in enumerate(found)
    )


def curves(study: StudyRecord, most: int = CURVES) -> tuple[Curve, ...]:
    """The learning curves of the best trials, best first."""
    metric = study.objective.metric
    training = metric.removeprefix("val_") if metric.startswith("val_") else ""
    return tuple(
        Curve(trial, tuple(trial.history[metric]), tuple(trial.history.get(training, ())))
        for trial in study.valued[:most]
        if len(trial.history.get(metric, ())) > 0
    )


def confusion_matrix(evaluation: Evaluation) -> list[list[int]]:
    """Rows by actual and by predicted class; confusions that the evaluation leaves out count as 0."""
    matrix = [[0] * len(evaluation.classes) for _ in evaluation.classes]
    for index, figures in enumerate(evaluation.classes):
        matrix[index][index] = figures.correct
    for confusion in evaluation.confusions:
        matrix[confusion.actual][confusion.predicted] = confusion.rows
    return matrix


def _key(value: Any) -> str:
    """The value as a key of a dict, also where it is a list."""
    return repr(value)
