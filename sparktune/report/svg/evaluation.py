"""Charts of the exported model: what is confused, whether probabilities hold, how far numbers are off."""

from html import escape

from sparktune.report.axis import number_axis
from sparktune.report.evaluation import Evaluation, Residuals
from sparktune.report.series import confusion_matrix
from sparktune.report.svg.canvas import Plot, number, shortened, svg, text

MOST_CLASSES, MOST_NUMBERED = 30, 14
LEFT, TOP = 110.0, 30.0


def confusion_chart(evaluation: Evaluation) -> str:
    """The matrix, darker where more of an actual class went.

    Nothing where there are more than 30 classes, or a row may have several labels.
    """
    count = len(evaluation.exclusive_classes)
    if not 0 < count <= MOST_CLASSES:
        return ""
    side = max(min(330.0 / count, 60.0), 14.0)
    size = side * count
    content = [text(LEFT + size / 2, 12, "predicted", "axis", "middle"), text(4, 12, "actual", "axis")]
    for index, figures in enumerate(evaluation.classes):
        middle = side * (index + 0.5)
        content.append(text(LEFT - 6, TOP + middle + 4, shortened(figures.name, 15), "tick", "end"))
        words = shortened(figures.name, max(int(side / 6), 2))
        content.append(text(LEFT + middle, TOP - 5, words, "tick", "middle"))
    for actual, row in enumerate(confusion_matrix(evaluation)):
        content += [_cell(evaluation, side, actual, at, rows) for at, rows in enumerate(row)]
    return svg(LEFT + size + 4, TOP + size + 4, "Confusion matrix", content, "chart")


def _cell(evaluation: Evaluation, side: float, actual: int, predicted: int, rows: int) -> str:
    figures = evaluation.classes
    share = rows / figures[actual].actual if figures[actual].actual else 0.0
    x, y = LEFT + side * predicted, TOP + side * actual
    kind = "right" if actual == predicted else "wrong"
    title = f"{figures[actual].name} taken for {figures[predicted].name}: {rows} rows, {share:.1%}"
    box = (
        f'<rect class="cell" x="{number(x)}" y="{number(y)}" width="{number(side - 1)}" '
        f'height="{number(side - 1)}"/>'
        f'<rect class="{kind}" x="{number(x)}" y="{number(y)}" width="{number(side - 1)}" '
        f'height="{number(side - 1)}" fill-opacity="{share if not share else max(share, 0.08):.2f}">'
    )
    words = text(
        x + side / 2, y + side / 2 + 4, str(rows), "count" if share < 0.55 else "count strong", "middle"
    )
    shown = rows and len(figures) <= MOST_NUMBERED
    return f"{box}<title>{escape(title)}</title></rect>{words if shown else ''}"


def calibration_chart(evaluation: Evaluation) -> str:
    """The share that came true by the probability that the model gave; on the diagonal they agree."""
    if not evaluation.calibration:
        return ""
    what = "class 1" if evaluation.task == "binary" else "the predicted class"
    x = number_axis(f"probability of {what}", [0.0, 1.0])
    plot = Plot(x, number_axis("share that came true", [0.0, 1.0]), "Calibration")
    plot.line([(0.0, 0.0), (1.0, 1.0)], "line diagonal")
    plot.line([(b.probability, b.share) for b in evaluation.calibration], "line c0")
    titles = [f"{b.rows} rows: {b.probability:.2f} given, {b.share:.2f} true" for b in evaluation.calibration]
    most = max(b.rows for b in evaluation.calibration)
    for b, title in zip(evaluation.calibration, titles, strict=True):
        plot.dots([(b.probability, b.share, title)], "dot c0", 3 + 5 * (b.rows / most) ** 0.5)
    return plot.svg()


def agreement_chart(residuals: Residuals) -> str:
    """Predicted by actual numbers; on the diagonal they agree."""
    numbers = [number for pair in residuals.pairs for number in pair]
    x = number_axis(f"actual {residuals.name}", numbers)
    plot = Plot(x, number_axis(f"predicted {residuals.name}", numbers), "Predicted and actual numbers")
    plot.line([(x.low, x.low), (x.high, x.high)], "line diagonal")
    plot.dots([(a, p, "") for a, p in residuals.pairs], "dot c0", 2.5)
    return plot.svg()


def residual_chart(residuals: Residuals) -> str:
    """How many rows are off by how much."""
    x = number_axis(f"error of {residuals.name}", list(residuals.edges))
    y = number_axis("rows", [0, max(residuals.counts, default=1)], whole=True)
    plot = Plot(x, y, "Residuals")
    for left, right, count in zip(residuals.edges, residuals.edges[1:], residuals.counts, strict=False):
        plot.line([(left, 0), (left, count), (right, count), (right, 0)], "area c0")
    if x.low <= 0 <= x.high:
        plot.line([(0.0, 0), (0.0, y.high)], "line diagonal")
    return plot.svg()
