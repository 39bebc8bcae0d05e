"""The part of the page about the exported model: how good it is, and how to use it."""

from html import escape

from sparktune.report.evaluation import Evaluation
from sparktune.report.markup import charts, section, share_bar, table
from sparktune.report.record import StudyRecord
from sparktune.report.svg.evaluation import (
    MOST_CLASSES,
    agreement_chart,
    calibration_chart,
    confusion_chart,
    residual_chart,
)

MOST_CONFUSED = 10


def model_section(study: StudyRecord) -> str:
    """What `evaluation.json` holds as charts and tables; nothing where there is none."""
    evaluation = study.evaluation
    if evaluation is None:
        return ""
    rows = f"{evaluation.rows:,} rows of the {evaluation.split} split"
    part = "" if evaluation.rows == evaluation.split_rows else f", spread over {evaluation.split_rows:,}"
    lost = (
        f" {evaluation.unknown} of them have no answer, as an output is not finite."
        if evaluation.unknown
        else ""
    )
    parts = _numbers(evaluation) if evaluation.task == "regression" else _classes(evaluation)
    return section("The exported model", parts, _use(study), lead=f"Measured on {rows}{part}.{lost}")


def _classes(evaluation: Evaluation) -> str:
    images = charts([confusion_chart(evaluation), _calibration(evaluation)])
    name = "label" if evaluation.task == "labels" else "class"
    shown = sorted(evaluation.classes, key=lambda c: c.recall or 0.0)[:MOST_CLASSES]
    few = len(evaluation.classes) <= MOST_CLASSES
    rows = [
        (c.name, c.actual, share_bar(c.precision), share_bar(c.recall))
        for c in (evaluation.classes if few else shown)
    ]
    title = "" if few else f"<h3>The {MOST_CLASSES} of {len(evaluation.classes)} with the lowest recall</h3>"
    return images + title + table([name, "rows", "precision", "recall"], rows) + _confused(evaluation)


def _calibration(evaluation: Evaluation) -> str:
    error = evaluation.calibration_error
    if error is None:
        return ""
    words = f'<p class="muted">Mean gap between probability and share: {error:.3f}.</p>'
    return calibration_chart(evaluation) + words


def _confused(evaluation: Evaluation) -> str:
    """The most frequent confusions, where the matrix has too many numbers to look for them."""
    if len(evaluation.classes) < 8 or not evaluation.confusions:
        return ""
    names = [figures.name for figures in evaluation.classes]
    most = evaluation.confusions[:MOST_CONFUSED]
    return "<h3>Most often confused</h3>" + table(
        ["actual", "predicted", "rows"], [(names[c.actual], names[c.predicted], c.rows) for c in most]
    )


def _numbers(evaluation: Evaluation) -> str:
    images = [image for r in evaluation.residuals for image in (agreement_chart(r), residual_chart(r))]
    header = ["output", "mean error", "mean absolute", "root mean squared", "R²"]
    rows = [(r.name, r.mean, r.absolute, r.root_mean_squared, r.r_squared) for r in evaluation.residuals]
    return charts(images) + table(header, rows)


def _use(study: StudyRecord) -> str:
    place = str(study.directory.absolute() / "bundle")  # the summary of a moved study has another one
    lines = f'sparktune.register(spark, {place!r}, "predict")\nspark.sql("SELECT predict(...) FROM rows")'
    return f"<h3>Score with it in SQL</h3><pre>{escape(lines)}</pre>"
