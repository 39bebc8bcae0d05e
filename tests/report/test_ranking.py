"""Which trials stand first in a table, and which columns it has."""

import pandas as pd

from sparktune.report.ranking import fact_columns, ranked, title

ONE = pd.DataFrame(
    {"trial": [0, 1, 2, 3], "state": "COMPLETE", "value": [0.5, None, 0.9, 0.5], "seconds": 1.0}
)
SEVERAL = ONE.assign(**{"pareto": [False, False, True, True], "values.loss": 1.0, "values.bytes": 7})


def test_the_best_stand_first_and_those_without_a_value_last() -> None:
    assert list(ranked(ONE, "maximize")["trial"]) == [2, 0, 3, 1]
    assert list(ranked(ONE, "minimize")["trial"]) == [0, 3, 2, 1]


def test_those_of_the_front_stand_before_all_others() -> None:
    assert list(ranked(SEVERAL, "maximize")["trial"]) == [2, 3, 0, 1]
    assert list(ranked(SEVERAL, "minimize")["trial"]) == [3, 2, 0, 1]


def test_several_objectives_take_the_place_of_the_value() -> None:
    assert fact_columns(ONE) == ["trial", "state", "value", "seconds"]
    several = ["trial", "state", "values.loss", "values.bytes", "seconds", "pareto"]
    assert fact_columns(SEVERAL) == several
    assert fact_columns(SEVERAL.assign(**{"values.seconds": 2.0})).count("seconds") == 0
    assert [title(name) for name in ("values.loss", "params.neurons", "state")] == [
        "loss",
        "neurons",
        "state",
    ]
