"""The charts of the report as matplotlib figures, from the same numbers."""

from pathlib import Path
from typing import TYPE_CHECKING, final

from sparktune.errors import InputError
from sparktune.report.axis import short
from sparktune.report.evaluation import Evaluation
from sparktune.report.evaluation_figures import calibration_figure, confusion_figure, residuals_figure
from sparktune.report.figures import (
    COLOURS,
    OTHER,
    STATES,
    clipped,
    draw_dots,
    new_figure,
    new_figures,
    place_on,
    scale_parameter_axis,
    scale_value_axis,
    shade,
)
from sparktune.report.importance import importances
from sparktune.report.reading import read_study
from sparktune.report.record import StudyRecord
from sparktune.report.series import (
    Point,
    axis_of,
    best_by_value,
    best_so_far,
    curves,
    grouped,
    objective_axis,
    other_objectives,
    over_objective,
    over_parameter,
    over_time,
    over_trials,
    parameters,
    value_axis,
)
from sparktune.report.slots import slots_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@final
class StudyPlots:
    """Figures of a study, also of one that runs; each method gives a `matplotlib.figure.Figure`.

    A notebook shows the figure that a cell ends with; `figure.savefig("history.png")` writes it.

    Args:
        study: a study's directory, or its record as `read_study` gives it.

    Raises:
        StudyDirectoryError: the directory holds no study.

    Example:
        >>> import sparktune
        >>> plots = sparktune.StudyPlots("studies/digits")  # doctest: +SKIP
        >>> plots.parameter("learning_rate", by="neurons").savefig("rates.png")  # doctest: +SKIP
    """

    def __init__(self, study: StudyRecord | Path | str) -> None:
        self.study = study if isinstance(study, StudyRecord) else read_study(Path(study))

    def history(self, over: str = "trial") -> "Figure":
        """Each trial's value and the best so far.

        Args:
            over: `trial`, by number, or `time`, in seconds that drivers worked on the study.

        Raises:
            InputError: `over` is neither.
        """
        if over not in ("trial", "time"):
            raise InputError(f"over must be trial or time, but got {over!r}")
        measured = over_trials(self.study) if over == "trial" else over_time(self.study)
        points = clipped(value_axis(self.study), measured)
        figure, axes = new_figure()
        draw_dots(axes, points, COLOURS[0], "a trial")
        leaders = best_so_far(self.study, points)
        if leaders:
            last = max(point.x for point in points)
            xs, ys = [*(p.x for p in leaders), last], [*(p.value for p in leaders), leaders[-1].value]
            axes.step(xs, ys, where="post", color=COLOURS[1], label="best so far")
            axes.legend()
        axes.set_xlabel("trial" if over == "trial" else "time [s]")
        scale_value_axis(axes, self.study)
        return figure

    def pareto(self) -> "Figure":
        """The metric that decides against each other one of several objectives; the Pareto front stands out.

        Raises:
            InputError: the study has one objective.
        """
        names = other_objectives(self.study)
        if not names:
            raise InputError(f"study {self.study.name} must have several objectives; set objective.metrics")
        figure, places = new_figures(len(names))
        for axes, name in zip(places, names, strict=True):
            points = clipped(value_axis(self.study), over_objective(self.study, name))
            front = [point for point in points if point.trial in self.study.front]
            draw_dots(axes, [point for point in points if point not in front], COLOURS[0], "a trial")
            draw_dots(axes, front, COLOURS[1], "Pareto front")
            scale_parameter_axis(axes, objective_axis(self.study, name))
            scale_value_axis(axes, self.study)
            axes.set_xlabel(name)
        places[0].legend()
        return figure

    def parameter(self, name: str, by: str | None = None) -> "Figure":
        """The value against a parameter, on a log axis where it was searched so.

        Args:
            name: the parameter.
            by: a second parameter, whose values have a colour each; ranges of it where they are many.

        Raises:
            InputError: no trial has such a parameter.
        """
        axis, height = axis_of(self.study, name), value_axis(self.study)
        figure, axes = new_figure()
        groups = [(g.name, g.points) for g in grouped(self.study, name, by)] if by else []
        for index, (title, points) in enumerate(groups or [("", over_parameter(self.study, name))]):
            colour = COLOURS[index % len(COLOURS)]
            placed = [Point(p.trial, place_on(axis, p.x), p.value) for p in clipped(height, points)]
            draw_dots(axes, placed, colour, title)
            line = clipped(height, best_by_value(self.study, name, points))
            axes.plot([p.x for p in line], [p.value for p in line], color=colour)
        if by:
            axes.legend(title=by)
        scale_parameter_axis(axes, axis)
        axes.set_xlabel(name)
        scale_value_axis(axes, self.study)
        return figure

    def parallel(self) -> "Figure":
        """Parallel coordinates: a line for each complete trial, darker where its value is better by rank."""
        names = parameters(self.study)
        axes_of = [*(axis_of(self.study, name) for name in names), value_axis(self.study)]
        figure, axes = new_figure(width=max(6.4, 1.4 * len(axes_of)))
        count = max(len(self.study.valued) - 1, 1)
        for rank, trial in reversed([*enumerate(self.study.valued)]):
            values = [*(trial.params.get(name) for name in names), trial.value]
            ups = [axis.position(value) for axis, value in zip(axes_of, values, strict=True)]
            places = [(at, up) for at, up in enumerate(ups) if up is not None]
            colour = COLOURS[1] if rank == 0 else shade(1 - rank / count)
            axes.plot(*zip(*places, strict=True), color=colour, linewidth=2.5 if rank == 0 else 0.9)
        for at, axis in enumerate(axes_of):
            axes.axvline(at, color=OTHER, linewidth=0.8)
            for tick in axis.ticks:
                words = axes.text(at - 0.03, tick.position, tick.text, ha="right", va="center", fontsize=8)
                words.set_bbox({"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 1})
        axes.set_xticks(range(len(axes_of)), [axis.name for axis in axes_of])
        axes.set_yticks([])
        axes.margins(0.06)
        return figure

    def importance(self) -> "Figure":
        """How much each parameter sets the best trials apart (PED-ANOVA).

        Raises:
            InputError: there are fewer than eight complete trials, or Optuna is not installed.
        """
        found = importances(self.study)
        if found is None:
            raise InputError(
                f"importance needs Optuna and 8 complete trials with different parameters, but study "
                f"{self.study.name} has {len(self.study.valued)}; run more trials, or pip install optuna"
            )
        figure, axes = new_figure(height=1.2 + 0.4 * len(found))
        axes.barh([entry.name for entry in found], [entry.share for entry in found], color=COLOURS[0])
        axes.invert_yaxis()
        axes.set_xlabel("share of what sets the best trials apart")
        return figure

    def curves(self, most: int = 10) -> "Figure":
        """The learning curves of the best trials: validation, and training dashed.

        Args:
            most: number of trials.
        """
        figure, axes = new_figure()
        for index, curve in enumerate(curves(self.study, most)):
            colour = COLOURS[index % len(COLOURS)]
            label = f"trial {curve.trial.number}: {short(curve.trial.value)}"
            axes.plot(range(1, len(curve.validation) + 1), curve.validation, color=colour, label=label)
            epochs = range(1, len(curve.training) + 1)
            axes.plot(epochs, curve.training, color=colour, linestyle="--", alpha=0.6)
        if axes.lines:
            axes.legend(fontsize=8)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.set_xlabel("epoch")
        axes.set_ylabel(self.study.objective.metric)
        return figure

    def timeline(self) -> "Figure":
        """What each slot did: a bar for each trial."""
        slots = slots_of(self.study)
        figure, axes = new_figure(height=1.4 + 0.3 * min(len(slots), 40))
        for row, slot in enumerate(slots):
            for bar in slot.bars:
                colour = STATES.get(bar.state, OTHER)
                axes.barh(row, bar.end - bar.begin, 0.8, bar.begin, color=colour, edgecolor="white")
        axes.set_yticks(range(len(slots)), [f"{slot.host} {row + 1}" for row, slot in enumerate(slots)])
        axes.invert_yaxis()
        axes.set_xlabel("time [s]")
        return figure

    def confusion(self) -> "Figure":
        """The confusion matrix of the exported model.

        Raises:
            InputError: the model was not measured, or does not predict one of several classes.
        """
        return confusion_figure(self._evaluation("exclusive_classes"))

    def calibration(self) -> "Figure":
        """The share that came true by the probability that the exported model gave.

        Raises:
            InputError: the model was not measured, or does not predict classes.
        """
        return calibration_figure(self._evaluation("calibration"))

    def residuals(self) -> "Figure":
        """Predicted by actual numbers, and how many rows are off by how much, of the first output.

        Raises:
            InputError: the model was not measured, or predicts no numbers.
        """
        return residuals_figure(self._evaluation("residuals"))

    def _evaluation(self, needed: str) -> Evaluation:
        evaluation = self.study.evaluation
        if evaluation is None or not getattr(evaluation, needed):
            has = "was not measured" if evaluation is None else f"has task {evaluation.task}"
            raise InputError(
                f"this figure needs the {needed.replace('_', ' ')} of an exported model, but that of "
                f"study {self.study.name} {has}"
            )
        return evaluation
