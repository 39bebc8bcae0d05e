"""The best trials of a study: which they are, and the mark on the best one's run."""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from sparktune.trial import TrialResult, TrialState

if TYPE_CHECKING:
    from mlflow import MlflowClient

SHOWN = 5
BEST = "best"  # the tag of the best trial's run


def best_first(results: Iterable[TrialResult], direction: str) -> list[TrialResult]:
    """The best five trials by the objective; of equal values the lowest number comes first."""
    sign = -1 if direction == "maximize" else 1
    ranks: dict[int, tuple[float, TrialResult]] = {}
    for result in results:
        value = result.value
        if result.state is TrialState.COMPLETE and value is not None and math.isfinite(value):
            ranks[result.trial] = sign * value, result
    ranked = sorted(ranks.items(), key=lambda item: (item[1][0], item[0]))
    return [result for _, (_, result) in ranked[:SHOWN]]


def mark_best(client: "MlflowClient", run_id: str, marked: Iterable[str]) -> None:
    """Give this run, and none of those that are `marked`, the tag `best`."""
    others = set(marked) - {run_id}
    for other in others:
        client.delete_tag(other, BEST)
    client.set_tag(run_id, BEST, "true")
