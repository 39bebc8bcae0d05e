"""Spark SQL as an engine: linear models and small networks score without Python."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self, final

import numpy as np

from sparktune.bundle.engines.base import Engine
from sparktune.bundle.engines.numpy import NumpyEngine
from sparktune.bundle.engines.program.compute import Computation
from sparktune.bundle.engines.program.program import Program, read_program
from sparktune.bundle.engines.sql_writer import sql_output
from sparktune.bundle.engines.trained import TrainedModel
from sparktune.bundle.manifest import Manifest
from sparktune.columns.schema import Schema, places_of
from sparktune.errors import BundleError


@final
class SqlEngine(Engine):
    """The program of the engine `numpy` as arithmetic that a SQL function writes out.

    Only a SQL function computes so, `sparktune.register(..., engine="sql")`. Wherever Python computes,
    NumPy does, from the same file.
    """

    def __init__(self, program: Program, manifest: Manifest) -> None:
        self._program = program
        self._computation = Computation(program, manifest.tensor.dtype)

    @classmethod
    def export(cls, trained: TrainedModel, folder: Path) -> str:
        """Write the model as a program.

        Raises:
            BundleError: it is too large for SQL, or has a layer or a column that SQL is not used for.
        """
        file = NumpyEngine.export(trained, folder)
        names = [feature.name for feature in trained.schema.features]
        sql_output(read_program(folder / file), row_in_sql(trained.schema, names))
        return file

    @classmethod
    def load(cls, folder: Path, manifest: Manifest) -> Self:
        """Read the program."""
        return cls(read_program(folder / manifest.engines["sql"]), manifest)

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Raw outputs, float32 (rows, outputs), of inputs (rows, ...) in the order of the columns."""
        return self._computation.run(x)

    def output(self, row: Sequence[str], missing: str) -> str:
        """The output for a row of its input in SQL: a DOUBLE, or an ARRAY<DOUBLE> where there are several.

        Args:
            row: the numbers, each a DOUBLE that is not NULL.
            missing: a condition on which each output is NULL.

        Raises:
            BundleError: the model is too large for SQL, or has a layer that SQL is not used for.
        """
        return sql_output(self._program, row, missing)


def row_in_sql(schema: Schema, columns: Sequence[str]) -> list[str]:
    """The numbers of a row of the model's input, in SQL: none of them is NULL.

    Args:
        schema: the columns.
        columns: in SQL, in the schema's order, and of the types of the function's parameters.

    Raises:
        BundleError: a column holds arrays or dates as text, or its encoder has no SQL.
    """
    row = [""] * sum(feature.width for feature in schema.features)
    for feature, place, column in zip(schema.features, places_of(schema.features), columns, strict=True):
        encoder = feature.encoder
        found = encoder.sql(column) if encoder else None if feature.shape else [f"coalesce({column}, 0)"]
        if found is None:
            what = encoder.kind if encoder and not encoder.shape else "array"
            raise BundleError(
                f"the engine sql reads columns of single values, and dates that are no text, but column "
                f"{feature.name!r} is of kind {what!r} and type {feature.dtype!r}: use the engine numpy"
            )
        row[place] = [f"CAST(CAST({number} AS FLOAT) AS DOUBLE)" for number in found]  # as it was trained
    return row
