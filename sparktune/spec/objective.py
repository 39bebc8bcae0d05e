"""The section `objective`: the metric that compares trials, or several of them."""

from typing import Any, Literal, final

from pydantic import Field, model_validator

from sparktune.spec.base import Fault, Section, sequence
from sparktune.spec.domain import is_empty
from sparktune.spec.messages import way_out
from sparktune.spec.training import Monitor, in_full

Direction = Literal["maximize", "minimize"]
COSTS = ("parameters", "seconds", "bytes")  # what a trial costs, whatever training measures


def direction_of(metric: str) -> Direction:
    """`minimize` for losses, errors and costs, `maximize` for accuracy, auc, precision and recall."""
    return "minimize" if metric.endswith(("loss", "error")) or metric in COSTS else "maximize"


@final
class MetricSpec(Section):
    """One of several objectives: a metric of training, or what a trial costs.

    `parameters`: the weights of its model; `seconds`: those that its epochs take, without the building and
    saving of the model; `bytes`: the size of the model's `.keras` file.
    """

    metric: Monitor = Field(description="a metric that training measures; or parameters, seconds, bytes")
    direction: Direction = Field(  # always there: `_directed` sets what is not given
        "minimize", json_schema_extra={"default": None}, description="follows from the metric when not given"
    )

    @model_validator(mode="before")
    @classmethod
    def _directed(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("direction") is None:
            return {**given, "direction": direction_of(str(in_full(given.get("metric"))))}
        return given

    @model_validator(mode="after")
    def _costs_less(self) -> "MetricSpec":
        if self.metric in COSTS and self.direction == "maximize":
            raise Fault(f"must be minimize for {self.metric}; remove it", "direction", value=self.direction)
        return self


@final
class ObjectiveSpec(Section):
    """The metric that compares trials, and its direction. Both follow from the label when not given.

    With several `metrics` the study gives the Pareto front: the trials that no other one beats in all of
    them. The one that is best by `choose` is the study's best trial.
    """

    metric: Monitor | None = Field(None, description="val_accuracy for classes, val_loss for regression")
    direction: Direction | None = Field(None, description="follows from the metric")
    metrics: tuple[MetricSpec, ...] = sequence(
        (), exclude_if=is_empty, description="in place of metric: several, of which none counts more"
    )
    choose: Monitor | None = Field(
        None,
        exclude_if=is_empty,
        description="the one of the metrics that decides which trial is best, and at which epoch; the first "
        "one that training measures by default",
    )

    @model_validator(mode="after")
    def _one_or_several(self) -> "ObjectiveSpec":
        if not self.metrics and self.choose is not None:
            raise Fault("has no effect without metrics; set metric", "choose", value=self.choose)
        for name in ("metric", "direction"):
            if self.metrics and getattr(self, name) is not None:
                raise Fault("has no effect beside metrics, which have their own; remove it", name)
        return self

    @model_validator(mode="after")
    def _several(self) -> "ObjectiveSpec":
        names = [entry.metric for entry in self.metrics]
        if len(names) == 1:
            raise Fault("must hold at least 2 metrics; set metric for one alone", "metrics", value=names)
        for index, name in enumerate(names):
            if name in names[:index]:
                raise Fault("must stand once; remove it", "metrics", index, "metric", value=name)
        return self

    @model_validator(mode="after")
    def _choosable(self) -> "ObjectiveSpec":
        measured = [entry.metric for entry in self.metrics if entry.metric not in COSTS]
        if self.metrics and not measured:
            raise Fault("must hold a metric that training measures, such as val_loss; add one", "metrics")
        if self.choose in COSTS:
            raise Fault(
                "must be a metric that training measures, as it picks each trial's best epoch too; "
                f"choose {measured[0]}",
                "choose",
                value=self.choose,
            )
        if self.choose is not None and self.choose not in measured:
            raise Fault(
                f"must be one of metrics; {way_out(self.choose, measured)}", "choose", value=self.choose
            )
        return self

    @property
    def chosen(self) -> MetricSpec | None:
        """The one of several metrics that decides which trial is best; None with one objective."""
        by_default = (entry for entry in self.metrics if entry.metric not in COSTS)
        return next((entry for entry in self.metrics if entry.metric == self.choose), next(by_default, None))
