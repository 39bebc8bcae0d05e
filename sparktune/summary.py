"""How a study ended: what `summary.json` holds."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from math import nan
from typing import Any, Literal, final

from sparktune.trial import Number, Params, TrialResult, TrialState

Reason = Literal["interrupt", "timeout", "epochs", "target", "patience", "failures"]
RunStatus = Literal["FINISHED", "FAILED", "KILLED"]
AGAIN = "run the same command again"


@final
@dataclass(frozen=True)
class Objective:
    """The metric that decides, by its name in histories, and `maximize` or `minimize`.

    A study of several objectives has all of them in `metrics`, the one that decides among them, in the order
    of the spec; with one objective that is empty.
    """

    metric: str
    direction: str
    metrics: tuple["Objective", ...] = ()

    @property
    def all(self) -> tuple["Objective", ...]:
        """Each metric that counts: the several ones, or the one."""
        return self.metrics or (self,)

    def to_record(self) -> dict[str, Any]:
        """A JSON object; `metrics` is there where there are several."""
        several = {"metrics": [metric.to_record() for metric in self.metrics]} if self.metrics else {}
        return {"metric": self.metric, "direction": self.direction, **several}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Objective":
        """The objective in a JSON object."""
        several = tuple(cls.from_record(metric) for metric in record.get("metrics", ()))
        return cls(record["metric"], record["direction"], several)


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
class ParetoTrial:
    """A trial of the Pareto front: `values` by metric, those of `epoch` (from 1), whose weights are kept."""

    trial: int
    params: Params
    values: dict[str, Number]
    epoch: int | None

    @classmethod
    def of(cls, result: TrialResult) -> "ParetoTrial":
        """The entry of a result."""
        return cls(result.trial, result.params, result.values, result.epoch)


@final
@dataclass(frozen=True)
class ClassScore:
    """How well the best model knows a class, or one of several labels, on the test or validation split.

    `rows` is how many have it. `precision` is None where it was never predicted, `recall` where no row has
    it, `f1` where both are so.
    """

    name: str
    rows: int
    precision: float | None
    recall: float | None
    f1: float | None


@final
@dataclass(frozen=True)
class Summary:
    """The outcome of a study.

    `states` counts trials by state. `stopped` says what ended the study early, None where it ran to its end.
    `test` has the best model's metrics on the test split, `bundle` its path. `mlflow` has the ids of what
    MLflow shows. `seconds` is the wall time of this run. `pareto` are the trials that no other one beats in
    all of several objectives, the best one first; with one objective it is empty. `classes` are the best
    model's figures by class, on the test split or else on the validation split; empty for a regression.
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
    pareto: tuple[ParetoTrial, ...] = ()
    classes: tuple[ClassScore, ...] = ()

    @property
    def status(self) -> RunStatus:
        """How MLflow names this end."""
        if self.stopped == "failures":
            return "FAILED"
        if self.stopped or self.unfinished:
            return "KILLED"
        return "FINISHED" if self.best else "FAILED"

    @property
    def unfinished(self) -> int:
        """Trials that have no end yet, as executors were lost under them or the study was stopped."""
        return sum(self.states.get(state, 0) for state in (TrialState.KILLED, TrialState.PAUSED))

    def shown(self, ids: dict[str, str] | None, seconds: float) -> "Summary":
        """The same, with what MLflow shows and the time that the study took in all."""
        return replace(self, mlflow=ids, seconds=seconds)

    def to_record(self) -> dict[str, Any]:
        """A JSON object, as in `summary.json`; `pareto` and `classes` are there where there are any."""
        record = {**asdict(self), "objective": self.objective.to_record()}
        pareto, classes = record.pop("pareto"), record.pop("classes")
        several = {"pareto": list(pareto)} if self.objective.metrics else {}
        return {**record, **several, **({"classes": list(classes)} if classes else {})}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Summary":
        """The summary in a JSON object."""
        best, test = record.get("best"), record.get("test")
        return cls(
            **{
                **record,
                "objective": Objective.from_record(record["objective"]),
                "best": BestTrial(**best) if best else None,
                "test": test and {name: nan if value is None else value for name, value in test.items()},
                "pareto": tuple(ParetoTrial(**entry) for entry in record.get("pareto", ())),
                "classes": tuple(ClassScore(**entry) for entry in record.get("classes", ())),
            }
        )


def way_on(stopped: Reason, objective: Objective) -> str:
    """What makes a study go on that was stopped."""
    if stopped in ("interrupt", "timeout"):
        return AGAIN
    lower = stopped == "target" and objective.direction == "minimize"
    return f"{'lower' if lower else 'raise'} search.budget.{stopped}"
