"""What is known of each column before a study starts, and what the network will see of it."""

from dataclasses import dataclass
from typing import final

import numpy as np

from sparktune.columns.encoders.base import Encoder
from sparktune.columns.schema import Feature, places_of
from sparktune.data import Dataset
from sparktune.data.scaling import means_of
from sparktune.spec import StudySpec
from sparktune.training.kinds.base import kind_of
from sparktune.training.kinds.layered import LayeredKind


@final
@dataclass(frozen=True)
class ColumnRow:
    """One column, as its training rows have it.

    Attributes:
        column: its name.
        type: its numpy dtype; of an encoded or left out column its type in Spark SQL.
        encoder: the kind of its encoder; `none` for plain numbers, `ignore` where it is left out.
        missing: training rows without a value.
        levels: values with a code of their own; None for quantities.
        typical: the mean, the commonest value, or the first and last date.
        network: what the network sees, or why the column is left out.
    """

    column: str
    type: str
    encoder: str
    missing: int
    levels: int | None
    typical: str
    network: str


def column_table(spec: StudySpec, data: Dataset) -> tuple[ColumnRow, ...]:
    """A row for each feature, then one for each column that is left out."""
    scaled = ", scaled" if data.schema.scaling else ""
    means = np.empty(0) if data.schema.encoded else means_of(data.train.x)
    rows = [
        _plain(feature, means[place], scaled)
        if feature.encoder is None
        else _encoded(feature, feature.encoder, spec, scaled)
        for feature, place in zip(data.schema.features, places_of(data.schema.features), strict=True)
    ]
    left_out = [
        ColumnRow(column.name, column.type, "ignore", column.missing, None, "", f"nothing: {column.why}")
        for column in data.left_out
    ]
    return (*rows, *left_out)


def _plain(feature: Feature, means: np.ndarray, scaled: str) -> ColumnRow:
    shape = f" {list(feature.shape)}" if feature.shape else ""
    network = f"{_counted(feature.width)}{scaled}"
    return ColumnRow(
        feature.name, f"{feature.dtype}{shape}", "none", 0, None, f"mean {means.mean():.4g}", network
    )


def _encoded(feature: Feature, encoder: Encoder, spec: StudySpec, scaled: str) -> ColumnRow:
    levels = len(getattr(encoder, "levels", ())) if encoder.codes else None
    network = _of_codes(encoder.codes, spec) if encoder.codes else _of_quantities(encoder, scaled)
    return ColumnRow(
        feature.name, feature.dtype, encoder.kind, encoder.missing, levels, encoder.typical, network
    )


def _of_codes(codes: int, spec: StudySpec) -> str:
    if "embedding" in spec.search.space:
        return f"{codes} codes, embedded in searched widths"
    model = kind_of(spec.model)
    if not isinstance(model, LayeredKind):
        return f"one of {codes} codes"
    width = model.embedding_width(codes)
    return f"one-hot of {codes}" if width is None else f"embedding of {codes} codes, {width} numbers"


def _of_quantities(encoder: Encoder, scaled: str) -> str:
    parts = ", ".join(getattr(encoder, "parts", ()))
    seen = parts or _counted(encoder.width - encoder.flags)
    return f"{seen}{scaled}" + (" and a flag" if encoder.flags else "")


def _counted(numbers: int) -> str:
    return "1 number" if numbers == 1 else f"{numbers} numbers"
