"""Figures of the exported model: what is confused, whether probabilities hold, how far numbers are off."""

from typing import TYPE_CHECKING

from sparktune.report.evaluation import Evaluation
from sparktune.report.figures import COLOURS, OTHER, new_figure, new_figures
from sparktune.report.series import confusion_matrix

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def confusion_figure(evaluation: Evaluation) -> "Figure":
    """The confusion matrix, darker where more of an actual class went."""
    names = [figures.name for figures in evaluation.classes]
    matrix, actual = confusion_matrix(evaluation), [max(c.actual, 1) for c in evaluation.classes]
    shares = [[rows / all_rows for rows in row] for all_rows, row in zip(actual, matrix, strict=True)]
    figure, axes = new_figure(height=4.8)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    for at, row in enumerate(matrix if len(names) <= 20 else []):
        for to, rows in enumerate(row):
            colour = "white" if shares[at][to] > 0.5 else "black"
            axes.text(to, at, str(rows), ha="center", va="center", color=colour, fontsize=8)
    axes.set_xlabel("predicted")
    axes.set_ylabel("actual")
    return figure


def calibration_figure(evaluation: Evaluation) -> "Figure":
    """The share that came true by the probability that was given."""
    bins = evaluation.calibration
    figure, axes = new_figure()
    axes.plot([0, 1], [0, 1], color=OTHER, linestyle="--")
    axes.plot([b.probability for b in bins], [b.share for b in bins], color=COLOURS[0], marker="o")
    axes.set_xlabel("probability")
    axes.set_ylabel("share that came true")
    return figure


def residuals_figure(evaluation: Evaluation) -> "Figure":
    """Predicted by actual numbers, and how many rows are off by how much, of the first output."""
    first = evaluation.residuals[0]
    figure, (agreement, errors) = new_figures(2)
    ends = [min(a for a, _ in first.pairs), max(a for a, _ in first.pairs)]
    agreement.plot(ends, ends, color=OTHER, linestyle="--")
    agreement.scatter(*zip(*first.pairs, strict=True), s=10, color=COLOURS[0], alpha=0.6)
    agreement.set_xlabel(f"actual {first.name}")
    agreement.set_ylabel(f"predicted {first.name}")
    errors.stairs(first.counts, first.edges, fill=True, color=COLOURS[0], alpha=0.6)
    errors.set_xlabel("error")
    errors.set_ylabel("rows")
    return figure
