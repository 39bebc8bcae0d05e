"""What can write runs, and the writer that sends requests through MLflow's client."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import TYPE_CHECKING, TypeVar, final

from sparktune.tracking.mlflow.entries import MetricPoint

if TYPE_CHECKING:
    from mlflow import MlflowClient

METRICS_PER_BATCH = 800  # MLflow takes 1000 entries in a batch, of them 100 params and 100 tags
PER_BATCH = 100
T = TypeVar("T")
Texts = dict[str, str]


class Writer(ABC):
    """Creates runs and writes into them."""

    @abstractmethod
    def create(self, start_ms: int, name: str, tags: Texts) -> str:
        """Create a run with these tags, started `start_ms` milliseconds after 1970; gives its id."""

    @abstractmethod
    def log(self, run_id: str, points: Iterable[MetricPoint], params: Texts, tags: Texts) -> None:
        """Add metrics, parameters and tags to a run. A parameter that it has cannot get another value."""

    @abstractmethod
    def end(self, run_id: str, status: str, end_ms: int | None) -> None:
        """Set a run's status and its end, in milliseconds since 1970."""


@final
class Requests(Writer):
    """Sends each run to MLflow at once, into one experiment."""

    def __init__(self, client: "MlflowClient", experiment_id: str) -> None:
        self._client = client
        self._experiment_id = experiment_id

    def create(self, start_ms: int, name: str, tags: Texts) -> str:
        return str(self._client.create_run(self._experiment_id, start_ms, tags, name).info.run_id)

    def log(self, run_id: str, points: Iterable[MetricPoint], params: Texts, tags: Texts) -> None:
        """One log_batch request, or several where one would exceed MLflow's limits."""
        from mlflow.entities import Metric, Param, RunTag

        batches = zip_longest(
            parts([Metric(p.key, p.value, p.at_ms, p.step) for p in points], METRICS_PER_BATCH),
            parts([Param(k, v) for k, v in params.items()], PER_BATCH),
            parts([RunTag(k, v) for k, v in tags.items()], PER_BATCH),
            fillvalue=(),
        )
        for batch in batches:
            self._client.log_batch(run_id, *batch)

    def end(self, run_id: str, status: str, end_ms: int | None) -> None:
        self._client.set_terminated(run_id, status, end_ms)


def parts(items: list[T], size: int) -> Iterator[list[T]]:
    """The items in order, `size` at a time."""
    for first in range(0, len(items), size):
        yield items[first : first + size]
