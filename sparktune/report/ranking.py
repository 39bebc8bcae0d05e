"""The table of trials as people read it: which columns it has, and which trials come first."""

import pandas as pd

FACTS = ("trial", "state", "value", "seconds")
FRONT = "pareto"  # whether a trial is one of the Pareto front; studies of several objectives have it
VALUES = "values."  # in front of the name of each of several objectives


def ranked(trials: pd.DataFrame, direction: str) -> pd.DataFrame:
    """The trials, the best first; with several objectives those of the front before all others."""
    by = [FRONT, "value"] if FRONT in trials else ["value"]
    ascending = [False, direction == "minimize"][-len(by) :]
    return trials.sort_values(by, ascending=ascending, na_position="last", kind="stable")


def fact_columns(trials: pd.DataFrame) -> list[str]:
    """The columns that say how a trial ended; with several objectives one for each in place of the value."""
    if FRONT not in trials:
        return [*FACTS]
    values = [str(name) for name in trials if str(name).startswith(VALUES)]
    seconds = [] if f"{VALUES}seconds" in values else ["seconds"]
    return ["trial", "state", *values, *seconds, FRONT]


def title(column: str) -> str:
    """A column's name as people read it: `neurons` for `params.neurons`."""
    return column.removeprefix("params.").removeprefix(VALUES)
