"""The data of a study: read, split, labels encoded, ready to train on."""

from sparktune.columns.schema import Feature, Label, Scaling, Schema, Task
from sparktune.data.dataset import Dataset, Rows
from sparktune.data.load import load_dataset
from sparktune.data.sources.base import DataSource, Found, Names, Origin, ReadTable
from sparktune.data.table import Table

__all__ = [
    "DataSource",
    "Dataset",
    "Feature",
    "Found",
    "Label",
    "Names",
    "Origin",
    "ReadTable",
    "Rows",
    "Scaling",
    "Schema",
    "Table",
    "Task",
    "load_dataset",
]
