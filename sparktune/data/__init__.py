"""The data of a study: read, split, labels mapped, ready to train on."""

from sparktune.columns.schema import Feature, Label, Scaling, Schema, Task
from sparktune.data.dataset import Dataset, Rows
from sparktune.data.load import load_dataset
from sparktune.data.sources import ReadTable

__all__ = ["Dataset", "Feature", "Label", "ReadTable", "Rows", "Scaling", "Schema", "Task", "load_dataset"]
