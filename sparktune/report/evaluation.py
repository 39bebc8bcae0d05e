"""How good the exported model is in detail: what `evaluation.json` in the study directory holds."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, final

from pydantic import TypeAdapter

from sparktune.columns.schema import Task
from sparktune.files import write_atomically
from sparktune.summary import ClassScore

FILE = "evaluation.json"


@final
@dataclass(frozen=True)
class Confusion:
    """So many `rows` of class `actual` were taken for `predicted`; both are indices of classes."""

    actual: int
    predicted: int
    rows: int


@final
@dataclass(frozen=True)
class CalibrationBin:
    """Rows whose probability lies in one tenth of 0 to 1: its mean, and the share where it came true."""

    rows: int
    probability: float
    share: float


@final
@dataclass(frozen=True)
class ClassFigures:
    """What became of a class, or of one label of several: `correct` of `predicted` rows, of `actual` ones."""

    name: str
    actual: int
    predicted: int
    correct: int

    @property
    def precision(self) -> float | None:
        """The share of the predictions of it that are right; None where it was never predicted."""
        return self.correct / self.predicted if self.predicted else None

    @property
    def recall(self) -> float | None:
        """The share of its rows that were found; None where there are none."""
        return self.correct / self.actual if self.actual else None

    @property
    def score(self) -> ClassScore:
        """Precision, recall and their harmonic mean."""
        both = self.actual + self.predicted
        f1 = 2 * self.correct / both if both else None
        return ClassScore(self.name, self.actual, self.precision, self.recall, f1)


@final
@dataclass(frozen=True)
class Residuals:
    """The errors (predicted minus actual) of one output of a regression.

    `counts` are rows by error, in bins of equal width between the `edges`; `pairs` are up to 400 rows as
    (actual, predicted).
    """

    name: str
    mean: float
    absolute: float
    root_mean_squared: float
    r_squared: float | None
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    pairs: tuple[tuple[float, float], ...]


@final
@dataclass(frozen=True)
class Evaluation:
    """The exported model on one split.

    `rows` were predicted, of the split's `split_rows`; row weights do not count here. `unknown` of them have
    NaN for an answer. `classes` are the classes or the labels; `confusions` the most frequent ones, without
    those that are right; `calibration` concerns the predicted class, or class 1 of a binary task; `residuals`
    have one entry per output of a regression.
    """

    trial: int
    split: Literal["test", "validation"]
    task: Task
    rows: int
    split_rows: int
    unknown: int = 0
    classes: tuple[ClassFigures, ...] = ()
    confusions: tuple[Confusion, ...] = ()
    calibration: tuple[CalibrationBin, ...] = ()
    residuals: tuple[Residuals, ...] = ()

    @property
    def exclusive_classes(self) -> tuple[ClassFigures, ...]:
        """The classes where a row has one of them; none where it may have several labels at once."""
        return () if self.task == "labels" else self.classes

    @property
    def calibration_error(self) -> float | None:
        """The mean gap between probability and share, over rows; None where there is no calibration."""
        rows = sum(b.rows for b in self.calibration)
        return sum(b.rows * abs(b.probability - b.share) for b in self.calibration) / rows if rows else None

    def to_json(self) -> bytes:
        """The JSON object of the file."""
        return _EVALUATION.dump_json(self)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Evaluation":
        """The evaluation in a JSON object.

        Raises:
            ValueError: it is none.
        """
        return _EVALUATION.validate_json(text)


_EVALUATION = TypeAdapter(Evaluation)


def write_evaluation(directory: Path, evaluation: Evaluation) -> None:
    """Write it into the study directory.

    Raises:
        OSError: it cannot be written.
    """
    write_atomically(directory / FILE, evaluation.to_json() + b"\n")


def read_evaluation(directory: Path, trial: int | None) -> Evaluation | None:
    """That of the study directory; None where there is none, or one of another trial than the best one."""
    try:
        evaluation = Evaluation.from_json((directory / FILE).read_bytes())
    except (OSError, ValueError):
        return None
    return evaluation if evaluation.trial == trial else None
