"""From the spec to the data set: read, find each column's role, split, encode labels, fit the scaling."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sparktune.columns.schema import Label, Scaling, Schema, Task
from sparktune.data.dataset import Dataset, Rows
from sparktune.data.digest import digest_of
from sparktune.data.encoding import encoded_columns
from sparktune.data.features import plain_columns
from sparktune.data.inputs import InputColumns, read_inputs
from sparktune.data.labels import check_names, classes_of, encode_labels, label_names, labels_of, task_of
from sparktune.data.mapped import rows_of
from sparktune.data.precision import SAID, coarse
from sparktune.data.raw_columns import lacks_numbers, needs_encoders
from sparktune.data.roles import Roles
from sparktune.data.scaling import fit_scaling, scaling_of
from sparktune.data.sources.base import Names, Origin, ReadTable, read_source
from sparktune.data.splits import Places, split_rows
from sparktune.data.table import Table
from sparktune.data.weights import weights_in, weights_of
from sparktune.errors import DataError
from sparktune.spec import DataSpec, StudySpec

MAIN = "data"
log = logging.getLogger("sparktune")


def load_dataset(spec: StudySpec, arrays: Any = None, read_table: ReadTable | None = None) -> Dataset:
    """The data of a study.

    `arrays` is what was handed over in Python: (x, y), (x, y, weight), a dict of columns, a pandas DataFrame,
    a pyarrow.Table, or a Dataset, which is returned as it is. `read_table(table=...)` or `(query=...)` gives
    the pyarrow.Table of a section whose source is `table` or `query`.

    Raises:
        DataError: names the column, the row and the way out.
    """
    if isinstance(arrays, Dataset):
        return arrays
    data = spec.data
    if arrays is not None and data.source != "arrays":
        raise DataError(
            f"data.source must be arrays where data are handed over in Python, but got {data.source}; remove "
            "one of the two"
        )
    for name in data.unread:
        log.warning("%s has no effect: this source does not read it; remove it", name)
    if data.validation == "none":
        log.warning("data.validation is none: trials are compared by a metric of the rows they train on")
    tables, weight = _tables(data, arrays, read_table)
    roles = Roles.of(data, tables[MAIN], weight)
    columns = [split.column for split in data.splits.values() if split.column is not None]
    needed = [*roles.features, roles.label, *([roles.weight] if roles.weight else []), *columns]
    held = {name: table.held(dict.fromkeys(needed)) for name, table in tables.items()}
    return _split_and_encoded(spec, held, roles)


def _split_and_encoded(spec: StudySpec, tables: dict[str, Table], roles: Roles) -> Dataset:
    """The data set of these tables; classes, encoders and scaling are learned from the training split."""
    data, every, main = spec.data, [*tables.values()], tables[MAIN]
    labels = labels_of(every, roles.label)
    weights = [weights_of(table, roles.weight) for table in every]
    plain = _plain_numbers(data, tables, roles, labels[0])
    task = task_of(data.task, labels[0], roles.label)
    if task == "regression" and any(map(coarse, labels[0].reshape(len(labels[0]), -1).T)):
        log.warning("data: label %r has numbers %s", roles.label, SAID)
    one_class = task in ("binary", "classes")
    places = split_rows(data, main, labels[0] if one_class else None, spec.study.seed)
    if one_class:
        classes = classes_of(labels[0][places["train"]], roles.label)
    else:
        classes = label_names(main, roles.label, labels[0]) if task == "labels" else ()
    if data.class_names:
        check_names(data.class_names, classes, task, roles.label)
    columns = plain or encoded_columns(roles.features, every, places["train"], labels[0], data.columns)
    # The splits in each table: those of the main one, and each other table as a whole.
    sets = [places, *({name: np.arange(len(table))} for name, table in tables.items() if name != MAIN)]
    inputs = read_inputs(columns, every, [[*of_table.values()] for of_table in sets])
    splits: dict[str, Rows] = {}
    for of_table, x, y, weight in zip(sets, inputs, labels, weights, strict=True):
        splits |= _rows_by_split(of_table, x, y, weight, task, classes)
    train, test = splits["train"], splits.get("test")
    validation = splits.get("validation", Rows(train.x[:0], train.y[:0]))
    schema = _schema(data, roles.label, columns, train, task, classes)
    digest = digest_of([train, validation, test], schema)
    return Dataset(train, validation, test, schema, digest, columns.left_out, example=columns.example)


def _rows_by_split(
    places: Places,
    inputs: Sequence[np.ndarray],
    labels: np.ndarray,
    weights: np.ndarray | None,
    task: Task,
    classes: tuple[Label, ...],
) -> dict[str, Rows]:
    """The rows of each split of a table: `inputs` has the x of each, `labels` and `weights` are all rows'."""
    splits = {}
    for (name, rows), x in zip(places.items(), inputs, strict=True):
        y = encode_labels(rows_of(labels, rows), task, classes, name)
        splits[name] = Rows(x, y, None if weights is None else weights_in(weights, rows, name))
    return splits


def _schema(
    data: DataSpec, label: str, columns: InputColumns, train: Rows, task: Task, classes: tuple[Label, ...]
) -> Schema:
    """What is known of the data set, with what scales it as the training rows say."""
    return Schema(
        features=columns.features,
        input_shape=train.x.shape[1:],
        label=label,
        task=task,
        classes=classes,
        outputs=len(classes) if task == "classes" else train.y[0].size,
        scaling=fit_scaling(data.scale, train.x, columns.features),
        class_names=data.class_names or (),
        label_scaling=_label_scaling(data, task, train.y, label),
    )


def _label_scaling(data: DataSpec, task: Task, y: np.ndarray, label: str) -> Scaling | None:
    """What standardizes the numbers to predict, learned on the training rows; None where they stay.

    Raises:
        DataError: the label holds classes.
    """
    if data.scale_label and task != "regression":
        raise DataError(
            f"data.scale_label needs numbers to predict, but the label {label!r} has task {task}; remove it, "
            "or set data.task: regression"
        )
    return scaling_of("standardize", y) if data.scale_label else None


def _plain_numbers(
    data: DataSpec, tables: dict[str, Table], roles: Roles, labels: np.ndarray
) -> InputColumns | None:
    """The features as they are, where all are plain numbers; None where some must be encoded.

    Raises:
        DataError: they are numbers, but cannot be used.
    """
    names, every = roles.features, [*tables.values()]
    declared = set(data.columns) - set(data.ignored)
    if declared or any(needs_encoders(table, names) for table in every):
        return None
    try:
        return plain_columns(names, every, labels)
    except DataError:
        if any(lacks_numbers(table, names) for table in every):
            return None
        raise


def _tables(data: DataSpec, arrays: Any, read_table: ReadTable | None) -> tuple[dict[str, Table], str | None]:
    """The tables by name, and the weight column: the main table, and one for each split with its own rows."""
    single = data.features[0] if data.features and len(data.features) == 1 else "features"
    names = Names(single, data.label or "label", data.weight or "weight")
    study = Origin(MAIN, size=data.size, channels=data.channels, names=names, read_table=read_table)
    main = read_source(data, replace(study, arrays=arrays))
    tables = {MAIN: main.table}
    for name, split in data.splits.items():
        if split.source is not None:
            found = read_source(split, replace(study, where=f"data.{name}"))
            tables[name] = found.held_out or found.table
    if data.test is None and main.held_out is not None:
        tables["test"] = main.held_out
    weighted = isinstance(arrays, tuple | list) and len(arrays) == 3 and arrays[2] is not None
    return tables, names.weight if weighted else data.weight
