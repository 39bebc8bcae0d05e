"""The label column: its values, the task that they imply, and their encoding as numbers."""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from sparktune.columns.schema import Label, Task
from sparktune.data.table import Table
from sparktune.errors import DataError

MAX_CLASSES = 20  # whole numbers of so many values that repeat are classes
MAX_COUNTED, ROWS_EACH = 1000, 20  # so are 0, 1, ..., k - 1 for larger k, with so many rows of each


def labels_of(tables: Sequence[Table], name: str) -> list[np.ndarray]:
    """The raw labels of each table, those of several outputs in the order of the first table's.

    Raises:
        DataError: as `label_values`, or a table has other outputs than the first.
    """
    main = tables[0]
    parts, first = main.parts(name), label_values(main, name)
    found = [first]
    for table in tables[1:]:
        table.column(name, "label")
        if sorted(table.parts(name)) != sorted(parts):
            raise DataError(
                f"{table.where}: label {name!r} must have the fields of {main.where}, {parts}, but has "
                f"{table.parts(name)}; give both tables the same ones"
            )
        found.append(label_values(table, name, parts))
        if found[-1].shape[1:] != first.shape[1:]:
            raise DataError(
                f"{table.where}: label {name!r} must have shape {first.shape[1:]} in each row as in "
                f"{main.where}, but has {found[-1].shape[1:]}; give both tables the same outputs"
            )
    return found


def label_values(table: Table, name: str, parts: Sequence[str] | None = None) -> np.ndarray:
    """The raw labels: bools, text or finite numbers, (rows,) or, for several outputs, (rows, outputs).

    `parts` is the order in which the fields of a struct column are read; by default that of the table.

    Raises:
        DataError: the column is not there, is not UTF-8, or a row has no label.
    """
    fields = [table.values(name, "label", part) for part in (parts or table.parts(name))]
    values = np.stack(fields, axis=1) if fields else table.values(name, "label")
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.dtype.kind == "S":
        try:
            values = np.char.decode(values, "utf-8")
        except UnicodeDecodeError as error:
            raise DataError(
                f"{table.where}: label {name!r} must be UTF-8 text, but holds {error.object!r}; decode it"
            ) from None
    if values.dtype.kind not in "biufUO" or values.ndim > 2:
        raise DataError(
            f"{table.where}: label {name!r} must be one value per row, or a row of numbers, but has type "
            f"{values.dtype} and shape {values.shape}"
        )
    missing = _missing(values)
    if len(missing):
        row = int(missing[0])
        raise DataError(
            f"{table.where}: label {name!r} must be given in every row, but row {row} holds {values[row]}; "
            "leave such rows out"
        )
    return values


def _missing(values: np.ndarray) -> np.ndarray:
    """The rows without a label."""
    if values.dtype.kind == "O":
        return np.flatnonzero([value is None for value in values])
    if values.dtype.kind == "f":
        return np.flatnonzero(~np.isfinite(values).reshape(len(values), -1).all(axis=1))
    return np.array([], dtype=int)


def task_of(asked: str, labels: np.ndarray, name: str) -> Task:
    """What is learned: `asked`, or what the labels look like.

    Text and bools are classes. So are whole numbers of at most 20 values that come up twice or more on
    average, or that are exactly 0, 1, ..., k - 1 (k up to 1,000) with 20 rows each on average. Whole numbers
    that are stored as floats are classes only if they are 0, ..., k - 1 or just two values. Two classes are
    binary. Rows of several 0 and 1 are labels, of which a row may have any number, unless each row has
    exactly one 1: that is a class, one-hot. All else is regression.

    Raises:
        DataError: the labels cannot be what is asked, or all are the same class.
    """
    kind = _apparent_task(labels) if asked == "auto" else asked
    if kind == "labels":
        check_several(labels, "label " + repr(name))
        return "labels"
    if kind == "regression":
        if labels.dtype.kind not in "biuf":
            raise DataError(
                f"label {name!r} must be numeric for regression, but holds {labels[0]!r}; use task: classes"
            )
        return "regression"
    if labels.ndim > 1:
        raise DataError(
            f"label {name!r} must be one class per row, but has shape {labels.shape}; give class indices, as "
            "y.argmax(axis=1) does for one-hot labels"
        )
    count = len(np.unique(labels))
    if asked == "binary" and count > 2:
        raise DataError(
            f"label {name!r} must have two classes for task binary, but has {count}; use task: classes"
        )
    return "classes" if asked == "classes" or count > 2 else "binary"


def check_several(labels: np.ndarray, what: str) -> None:
    """Refuse labels that are not rows of 0 and 1, (rows, labels); `what` names them in the message.

    Raises:
        DataError: names the first other value.
    """
    if labels.ndim != 2 or labels.dtype.kind not in "biuf":
        raise DataError(
            f"{what} must be a row of 0 and 1 for task labels, but has type {labels.dtype} and shape "
            f"{labels.shape}; give an array with one number for each label"
        )
    odd = ~np.isin(labels, (0, 1))
    if odd.any():
        row, place = (int(i) for i in np.argwhere(odd)[0])
        raise DataError(
            f"{what} must be 0 or 1 for task labels, but holds {labels[row, place]} in row {row}, place "
            f"{place}; use task: regression for other numbers"
        )


def _numbers(labels: np.ndarray, split: str) -> np.ndarray:
    """The labels of regression as float32."""
    largest = np.abs(labels.astype(np.float64)).max() if labels.dtype.kind in "biuf" else np.inf
    if largest > np.finfo(np.float32).max:
        raise DataError(
            f"data.{split}: labels must be float32 numbers for regression, but hold {labels[:5].tolist()}"
        )
    return labels.astype(np.float32)


def _apparent_task(labels: np.ndarray) -> str:
    """labels, classes or regression, by the rules of `task_of`."""
    kind = labels.dtype.kind
    if labels.ndim == 2 and kind in "biuf":
        if not np.isin(labels, (0, 1)).all():
            return "regression"
        return "classes" if (labels.sum(axis=1) == 1).all() else "labels"
    if kind not in "iuf":
        return "classes"
    if kind == "f" and not np.array_equal(labels, np.floor(labels)):
        return "regression"
    values = np.unique(labels)
    counted = np.array_equal(values, np.arange(len(values)))
    most = MAX_CLASSES if kind != "f" or counted else 2
    repeated = len(values) <= most and len(labels) >= 2 * len(values)
    frequent = counted and len(values) <= MAX_COUNTED and len(labels) >= ROWS_EACH * len(values)
    return "classes" if repeated or frequent else "regression"


def classes_of(labels: np.ndarray, name: str) -> tuple[Label, ...]:
    """The distinct training labels, sorted, as plain Python values; a label's place is its index.

    Raises:
        DataError: there is only one.
    """
    classes = np.unique(labels)
    if len(classes) < 2:
        raise DataError(
            f"label {name!r} must have at least two classes, but every training row holds {labels[0]}; "
            "split in another way"
        )
    return tuple(classes.tolist())


def check_names(names: tuple[str, ...], classes: tuple[Label, ...], task: Task, label: str) -> None:
    """Check that `names` name the `classes`: the distinct training labels, or the places of several labels.

    Raises:
        DataError: there are no classes, they are text, or there are more or fewer of them.
    """
    if task == "regression":
        raise DataError(
            f"data.class_names must name classes, but label {label!r} is a number to predict (regression); "
            "remove it, or set data.task: classes"
        )
    texts = [known for known in classes if isinstance(known, str)]
    if texts and task != "labels":
        raise DataError(
            f"data.class_names must name labels that are numbers, but label {label!r} holds {texts[0]!r}; "
            "remove it: such labels are names already"
        )
    if len(names) != len(classes):
        shown = ", ".join(map(str, classes[:12])) + (", ..." if len(classes) > 12 else "")
        raise DataError(
            f"data.class_names must have a name for each of the {len(classes)} labels of the training rows "
            f"({shown}), but has {len(names)}; give one for each, in this order"
        )


def label_names(table: Table, name: str, labels: np.ndarray) -> tuple[Label, ...]:
    """The names of the labels (rows, k) of task labels: the fields of a struct column, else 0 to k - 1."""
    return tuple(table.parts(name)) or tuple(range(labels.shape[1]))


def encode_labels(labels: np.ndarray, task: Task, classes: tuple[Label, ...], split: str) -> np.ndarray:
    """y of one split: int32 indices, float32 0 and 1 for binary and for labels, or the numbers as float32.

    Raises:
        DataError: a label that `classes` does not hold.
    """
    if task == "regression":
        return _numbers(labels, split)
    if task == "labels":
        check_several(labels, f"data.{split}: the label")
        return labels.astype(np.float32)
    found, inverse = np.unique(labels, return_inverse=True)
    places: dict[Any, int] = {label: index for index, label in enumerate(classes)}
    indices = np.array([places.get(label, -1) for label in found.tolist()], dtype=np.int32)
    if (indices < 0).any():
        strange = found[indices < 0].tolist()
        row = int(np.flatnonzero(indices[inverse] < 0)[0])
        raise DataError(
            f"data.{split}: labels must come up in the training rows too, but {strange[:5]!r} does not "
            f"(first in row {row} of the split); give training rows of it, or leave it out"
        )
    y = indices[inverse]
    return cast(np.ndarray, y.astype(np.float32) if task == "binary" else y)
