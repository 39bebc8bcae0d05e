"""What a study leaves behind: trials, summary and bundle."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from sparktune.bundle import Bundle
from sparktune.errors import StudyDirectoryError
from sparktune.files import write_atomically
from sparktune.spec import StudySpec
from sparktune.summary import Summary
from sparktune.trial import TrialResult

if TYPE_CHECKING:
    import pandas as pd


@final
@dataclass(frozen=True)
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

    def _repr_html_(self) -> str:
        """What a notebook shows: the best trial and the table of trials."""
        from sparktune.study.notebook import result_html

        return result_html(self)


def trial_table(results: Iterable[TrialResult]) -> "pd.DataFrame":
    """One row per trial in order: trial, state, value, attempts, seconds, error, params.NAME."""
    import pandas as pd

    rows = [
        {
            "trial": result.trial,
            "state": str(result.state),
            "value": result.value,
            "attempts": result.attempt,
            "seconds": round(result.seconds, 3),
            "error": result.error,
            **{f"params.{name}": value for name, value in result.params.items()},
        }
        for result in sorted(results, key=lambda r: r.trial)
    ]
    return pd.DataFrame(
        rows, columns=None if rows else ["trial", "state", "value", "attempts", "seconds", "error"]
    )


def count_states(results: Iterable[TrialResult]) -> dict[str, int]:
    """Number of trials by state."""
    return dict(sorted(Counter(str(result.state) for result in results).items()))


def write_outcome(directory: Path, trials: "pd.DataFrame", summary: Summary) -> None:
    """Write `trials.csv` and `summary.json` into the study directory, each whole or not at all."""
    write_atomically(directory / "trials.csv", trials.to_csv(index=False).encode())
    write_summary(directory, summary)


def write_summary(directory: Path, summary: Summary) -> None:
    """Write `summary.json` alone."""
    write_atomically(directory / "summary.json", (json.dumps(summary.to_record(), indent=2) + "\n").encode())


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
