"""Columns become numbers: the schema that is saved with a model, and the only codec."""

from sparktune.columns.schema import Feature, Label, Scaling, Schema, Task

__all__ = ["Feature", "Label", "Scaling", "Schema", "Task"]
