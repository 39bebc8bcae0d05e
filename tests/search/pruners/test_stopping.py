"""What pruners have in common that only end trials: rungs at even distances, and options by name."""

from typing import final

import pytest

from sparktune.errors import SpecError
from sparktune.search import Decision, PrunerView
from sparktune.search.pruners.stopping import StoppingPruner
from sparktune.spec import StudySpec
from sparktune.spec.base import Section
from sparktune.trial import TrialResult


@final
class LimitOptions(Section):
    limit: float = 1.0


@final
class LimitPruner(StoppingPruner):
    """Ends trials below a limit."""

    options = LimitOptions

    def __init__(self, limit: float, min_epochs: int = 1) -> None:
        super().__init__(min_epochs, every=3)
        self.limit = limit

    def decide(self, result: TrialResult, view: PrunerView) -> Decision:
        return Decision.CONTINUE


def test_rungs_are_as_far_apart_as_given() -> None:
    pruner = LimitPruner(0.5, min_epochs=2)
    assert [pruner.next_rung(epochs) for epochs in range(7)] == [2, 2, 5, 5, 5, 8, 8]


@pytest.mark.parametrize(("options", "limit"), [({}, 1.0), ({"limit": 3}, 3.0)])
def test_options_are_arguments(options: dict[str, float], limit: float) -> None:
    search = {"pruner": "threshold", "max_epochs": 9, "min_epochs": 4, "pruner_options": {"lower": 0}}
    spec = StudySpec(search=search).search.model_copy(update={"pruner_options": options})
    LimitPruner.check(spec)
    pruner = LimitPruner.from_spec(spec)
    assert (pruner.limit, pruner.next_rung(0)) == (limit, 4)


@pytest.mark.parametrize("name", ["median", "percentile", "patience"])
def test_no_other_field_is_taken(name: str) -> None:
    with pytest.raises(SpecError, match=f"reduction has no effect beside pruner {name}"):
        StudySpec(search={"pruner": name, "max_epochs": 9, "reduction": 2})
