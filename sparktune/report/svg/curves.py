"""Learning curves: the objective by epoch on both splits, a chart for each of the best trials."""

from sparktune.report.axis import Axis, number_axis, short
from sparktune.report.record import StudyRecord
from sparktune.report.series import LOG_FACTOR, Curve, curves
from sparktune.report.svg.canvas import Plot


def curve_charts(study: StudyRecord) -> list[str]:
    """The best ten, best first, on the same axes."""
    found = curves(study)
    values = [value for curve in found for value in (*curve.validation, *curve.training) if value == value]
    epochs = max((len(curve.validation) for curve in found), default=1)
    shown = _without_far(values)
    falling = study.objective.direction == "minimize" and bool(shown) and min(shown) > 0
    log = falling and max(shown) / min(shown) > LOG_FACTOR
    y = number_axis(study.objective.metric, shown, log=log)
    return [_chart(curve, number_axis("epoch", [1, max(epochs, 2)], whole=True), y) for curve in found]


def _chart(curve: Curve, x: Axis, y: Axis) -> str:
    gap = "" if curve.gap is None else f", gap {curve.gap:+.3g}"
    title = f"#{curve.trial.number}: {short(curve.trial.value)}{gap}"
    plot = Plot(x, y, f"Learning curves of trial {curve.trial.number}", width=280, height=200, title=title)
    for values, kind in ((curve.training, "line c1 dashed"), (curve.validation, "line c0")):
        plot.line(enumerate(values, start=1), kind)
    if curve.trial.epoch:
        best = curve.validation[curve.trial.epoch - 1 : curve.trial.epoch]
        plot.dots([(curve.trial.epoch, v, f"epoch {curve.trial.epoch}: {short(v)}") for v in best], "dot c0")
    return plot.svg()


def _without_far(values: list[float]) -> list[float]:
    """Without the values of first epochs that would press all others together."""
    ordered = sorted(v for v in values if abs(v) != float("inf"))
    if len(ordered) < 20:
        return ordered
    low, high = ordered[len(ordered) // 20], ordered[-1 - len(ordered) // 20]
    reach = 2 * (high - low)
    return [v for v in ordered if low - reach <= v <= high + reach]
