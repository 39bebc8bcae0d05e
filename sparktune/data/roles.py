"""Which column holds the label, which the weights, and which are features."""

import difflib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from sparktune.data.sources.numpy_files import TRAIN
from sparktune.data.table import Table
from sparktune.errors import DataError
from sparktune.spec import DataSpec

LABELS = ("label", "y")
log = logging.getLogger("sparktune")


@final
@dataclass(frozen=True)
class Roles:
    """The columns by role; columns without a role are not read."""

    features: tuple[str, ...]
    label: str
    weight: str | None

    @classmethod
    def of(cls, data: DataSpec, table: Table, weight: str | None) -> "Roles":
        """The roles that the spec gives, or those that follow from the columns.

        The label is `label` or `y` where the spec names none. Features are all columns without another role;
        of an .npz archive, x where it has one.

        Raises:
            DataError: no label, no features, one twice, or a column in two roles.
        """
        label = data.label or next((name for name in LABELS if name in table.columns), None)
        if label is None:
            raise DataError(
                f"data.label is needed where no column is called label or y; columns: {sorted(table.columns)}"
            )
        label, weight = _key(label, data, table), _key(weight, data, table) if weight else None
        splits = [split.column for split in data.splits.values() if split.column is not None]
        taken = [name for name in (label, weight, *splits) if name is not None]
        only_x = data.source == "npz" and "x" in table.columns
        given = data.features or (["x"] if only_x else _named(table, (*taken, *data.ignored)))
        features = tuple(_key(name, data, table) for name in given)
        for name in features:
            if features.count(name) > 1:
                raise DataError(f"data.features must differ, but {name!r} stands twice; remove one")
            if name in taken:
                raise DataError(
                    f"data.features must not hold the label, weight or split column, but holds {name!r}"
                )
        for name in data.columns:
            if name not in (*features, *data.ignored) or name not in table.columns:
                near = difflib.get_close_matches(name, features, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"they are {', '.join(map(repr, features))}"
                hint = "it is the label, weight or split column; remove it" if name in taken else hint
                raise DataError(f"data.columns must name feature columns, but {name!r} is none; {hint}")
        if not features:
            raise DataError(f"data must hold feature columns, but got only {sorted(table.columns)}")
        return cls(features, label, weight)


def _named(table: Table, taken: Sequence[str]) -> list[str]:
    """The columns besides those that are taken; one without a name is left out with a warning."""
    others = [name for name in table.columns if name not in taken]
    if "" not in others:
        return others
    log.warning(
        "%s: the column without a name is left out, as new rows cannot name it; rename it to use it",
        table.where,
    )
    return [name for name in others if name]


def _key(name: str, data: DataSpec, table: Table) -> str:
    """The column of a key of an .npz archive: x_train is column x."""
    return name.removesuffix(TRAIN) if data.source == "npz" and name not in table.columns else name
