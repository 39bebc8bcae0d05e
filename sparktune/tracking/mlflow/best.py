"""The best trials of a study: which they are, and the marks on their runs."""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from sparktune.pareto import rank
from sparktune.summary import Objective
from sparktune.trial import Number, TrialResult, TrialState

if TYPE_CHECKING:
    from mlflow import MlflowClient

SHOWN = 5
BEST = "best"  # the tag of the best trial's run
PARETO = "pareto"  # the tag of the runs of the Pareto front


def best_first(results: Iterable[TrialResult], objective: Objective) -> list[TrialResult]:
    """The best five trials by the objective; of equal values the lowest number comes first."""
    found: dict[int, tuple[tuple[Number, ...], TrialResult]] = {}
    for result in results:
        value = result.value
        if result.state is TrialState.COMPLETE and value is not None and math.isfinite(value):
            found[result.trial] = rank(result.trial, value, result.values, objective), result
    ranked = sorted(found.values(), key=lambda known: known[0])
    return [result for _, result in ranked[:SHOWN]]


def mark(client: "MlflowClient", tag: str, run_ids: Iterable[str], marked: Iterable[str]) -> None:
    """Give these runs, and none of the others that are `marked`, a tag."""
    wanted, before = set(run_ids), set(marked)
    for other in before - wanted:
        client.delete_tag(other, tag)
    for run_id in wanted - before:
        client.set_tag(run_id, tag, "true")
