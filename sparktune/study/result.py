"""What a study leaves behind: trials, summary and bundle."""

from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from sparktune.bundle import Bundle
from sparktune.errors import StudyDirectoryError
from sparktune.files import write_atomically
from sparktune.spec import StudySpec
from sparktune.strict_json import json_text
from sparktune.summary import Objective, ParetoTrial, Summary
from sparktune.trial import TrialResult

if TYPE_CHECKING:
    import pandas as pd

    from sparktune.report import StudyPlots

SHOWN_FILES = ("trials.csv", "report.html", "evaluation.json")


@final
@dataclass(frozen=True, repr=False)
class StudyResult:
    """The outcome of a study.

    `best` is the best trial (None where no trial has a value), `trials` one row per trial, `bundle` the
    exported and verified best model, `outcome` what was found, and `summary` the same as `summary.json`.
    """

    spec: StudySpec
    directory: Path
    best: TrialResult | None
    trials: "pd.DataFrame" = field(repr=False)
    bundle: Bundle | None
    outcome: Summary = field(repr=False)

    @property
    def summary(self) -> dict[str, Any]:
        """What `summary.json` holds, as JSON values."""
        return self.outcome.to_record()

    @property
    def pareto(self) -> tuple[ParetoTrial, ...]:
        """The trials that no other one beats in all of several objectives, the best one first.

        With one objective it is empty.
        """
        return self.outcome.pareto

    def export(self, trial: int) -> Bundle:
        """The model of a trial of the Pareto front as a bundle, in `pareto/TRIAL` of the study directory.

        Raises:
            InputError: the trial is none of the front. BundleError: it cannot be written.

        Example:
            >>> smallest = min(result.pareto, key=lambda t: t.values["parameters"])  # doctest: +SKIP
            >>> result.export(smallest.trial).predict(rows)  # doctest: +SKIP
        """
        from sparktune.study.export_trial import export_trial

        return export_trial(self.directory, trial)

    @property
    def plot(self) -> "StudyPlots":
        """Figures of the study, read from its directory.

        Example:
            >>> result.plot.parameter("learning_rate", by="neurons")  # doctest: +SKIP
            <Figure size 640x400 with 1 Axes>
        """
        from sparktune.report import StudyPlots

        return StudyPlots(self.directory)

    def __repr__(self) -> str:
        """In a line: the study, its best trial, how many trials ended how, and where the rest is."""
        states = ", ".join(f"{count} {state}" for state, count in self.outcome.states.items())
        found = "no trial has a value"
        if self.best is not None and self.best.value is not None:
            found = f"best {self.outcome.objective.metric}={self.best.value:.6g} (trial {self.best.trial})"
        return f"StudyResult({self.spec.study.name}: {found}; {states}; {self.directory})"

    def _repr_html_(self) -> str:
        """What a notebook shows: the best trial and the table of trials."""
        from sparktune.study.result_html import result_html

        return result_html(self.outcome, self.trials, self.directory)


def trial_table(
    results: Iterable[TrialResult], objective: Objective, front: Container[int] = ()
) -> "pd.DataFrame":
    """One row per trial: trial, state, value, attempts, seconds, error, params.NAME, train_NAME, gap.

    With several objectives, values.NAME and pareto, whether it is a trial of the front, follow on the value.

    `train_NAME` are the metrics on the training split in the trial's best epoch; `gap` is the objective on
    the training split minus that on the validation split. A trial without a value has neither.

    Args:
        results: how the trials ended.
        objective: its metric is the one that decides, `val_accuracy` say.
        front: numbers of the trials that no other one beats in all of several objectives.
    """
    import pandas as pd

    rows = [
        {
            "trial": result.trial,
            "state": str(result.state),
            "value": result.value,
            **{f"values.{metric.metric}": result.values.get(metric.metric) for metric in objective.metrics},
            **({"pareto": result.trial in front} if objective.metrics else {}),
            "attempts": result.attempt,
            "seconds": round(result.seconds, 3),
            "error": result.error,
            **{f"params.{name}": value for name, value in result.params.items()},
        }
        | _on_training(result, objective.metric)
        for result in sorted(results, key=lambda r: r.trial)
    ]
    first = ["trial", "state", "value", "attempts", "seconds", "error"]
    names = list(dict.fromkeys(name for row in rows for name in row))
    # Those of the training split and the gap come last; the others stay as they were first seen.
    names.sort(key=lambda name: (name == "gap", name.startswith("train_")))
    return pd.DataFrame(rows, columns=names if rows else first)


def _on_training(result: TrialResult, objective: str) -> dict[str, float]:
    """The metrics on the training split in the best epoch, and the gap where there is validation."""
    if result.epoch is None:
        return {}
    best = {name: values[result.epoch - 1] for name, values in result.history.items()}
    name = objective.removeprefix("val_")
    validated = any(own.startswith("val_") for own in best)
    wanted = [own for own in best if f"val_{own}" in best or not validated]
    train = {f"train_{own}": best[own] for own in wanted}
    gap = {"gap": best[name] - best[f"val_{name}"]} if {name, f"val_{name}"} <= best.keys() else {}
    return {**train, **gap}


def artifacts_of(directory: Path) -> dict[str, Path]:
    """What is shown of a study directory as it is, by name: the files that are there."""
    return {name: directory / name for name in SHOWN_FILES if (directory / name).is_file()}


def count_states(results: Iterable[TrialResult]) -> dict[str, int]:
    """Number of trials by state."""
    return dict(sorted(Counter(str(result.state) for result in results).items()))


def write_outcome(directory: Path, trials: "pd.DataFrame", summary: Summary) -> None:
    """Write `trials.csv` and `summary.json` into the study directory, each whole or not at all."""
    write_atomically(directory / "trials.csv", trials.to_csv(index=False).encode(errors="backslashreplace"))
    write_summary(directory, summary)


def write_summary(directory: Path, summary: Summary) -> None:
    """Write `summary.json` alone."""
    write_atomically(directory / "summary.json", (json_text(summary.to_record()) + "\n").encode())


def write_source(directory: Path, source: str | None) -> None:
    """Write the source of the study's builder as `builder.py`, where it has one.

    Raises:
        StudyDirectoryError: it cannot be written.
    """
    if source is None:
        return
    try:
        write_atomically(directory / "builder.py", source.encode())
    except OSError as error:
        raise StudyDirectoryError(f"cannot write to {directory}: {error}; set output.directory") from None
