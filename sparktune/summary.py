"""How a study ended: what `summary.json` holds."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, final

from sparktune.trial import Params, TrialResult

Reason = Literal["interrupt", "timeout", "epochs", "target", "patience"]
RunStatus = Literal["FINISHED", "FAILED", "KILLED"]


@final
@dataclass(frozen=True)
class Objective:
    """The metric that decides, by its name in histories, and `maximize` or `minimize`."""

    metric: str
    direction: str


@final
@dataclass(frozen=True)
class DataSummary:
    """The data set of a study: sha256 of its content, and rows by split, empty where they are not known."""

    digest: str
    rows: dict[str, int]


@final
@dataclass(frozen=True)
class BestTrial:
    """The best trial: its number, parameters, value, and the epoch (from 1) of its weights."""

    trial: int
    params: Params
    value: float
    epoch: int | None

    @classmethod
    def of(cls, result: TrialResult | None) -> "BestTrial | None":
        """The entry of a result; None where there is none, or it has no value."""
        if result is None or result.value is None:
            return None
        return cls(result.trial, result.params, result.value, result.epoch)


@final
@dataclass(frozen=True)
class Summary:
    """The outcome of a study.

    `states` counts trials by state. `stopped` says what ended the study early, None where it ran to its end.
    `test` has the best model's metrics on the test split, `bundle` its path. `mlflow` has the ids of what
    MLflow shows. `seconds` is the wall time of this run.
    """

    study: str
    study_id: str
    states: dict[str, int]
    stopped: Reason | None
    objective: Objective
    best: BestTrial | None = None
    test: dict[str, float] | None = None
    bundle: str | None = None
    mlflow: dict[str, str] | None = None
    seconds: float = 0.0

    @property
    def status(self) -> RunStatus:
        """How MLflow names this end."""
        if self.stopped:
            return "KILLED"
        return "FINISHED" if self.best else "FAILED"

    def shown(self, ids: dict[str, str] | None, seconds: float) -> "Summary":
        """The same, with what MLflow shows and the time that the study took in all."""
        return replace(self, mlflow=ids, seconds=seconds)

    def to_record(self) -> dict[str, Any]:
        """A JSON object, as in `summary.json`."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Summary":
        """The summary in a JSON object."""
        best = record.get("best")
        return cls(
            **{
                **record,
                "objective": Objective(**record["objective"]),
                "best": BestTrial(**best) if best else None,
            }
        )
