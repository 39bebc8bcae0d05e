"""What the columns are: the part of the data that is saved with the model."""

from collections.abc import Sequence
from typing import Any, Literal, final

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from sparktune.columns.encoders.base import AnyEncoder, Encoder
from sparktune.spec.base import Count, Frozen, sequence

Task = Literal["binary", "classes", "labels", "regression"]
Label = bool | int | float | str


@final
class Feature(Frozen):
    """One input column: a scalar where `shape` is empty, else an array of that shape.

    A column that holds more than plain numbers has an `encoder`; then all columns of its table have one.
    """

    name: str
    dtype: str = Field(
        "float32", description="numpy dtype of the training column; with an encoder its type in Spark SQL"
    )
    shape: tuple[int, ...] = sequence(())
    encoder: AnyEncoder | None = None

    @classmethod
    def encoded(cls, name: str, encoder: Encoder) -> "Feature":
        """The feature of a column with an encoder."""
        return cls(name=name, dtype=encoder.column_type, shape=encoder.shape, encoder=encoder)

    @model_serializer(mode="wrap")
    def _without_absent_encoder(self, serialized: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Digests of data and bundles of plain numbers stay as they were before there were encoders."""
        fields: dict[str, Any] = serialized(self)
        if self.encoder is None:
            fields.pop("encoder", None)
        return fields

    @property
    def width(self) -> int:
        """Numbers per row, in the model's input."""
        if self.encoder is not None:
            return self.encoder.width
        width = 1
        for side in self.shape:
            width *= side
        return width


def places_of(features: Sequence[Feature]) -> list[slice]:
    """Where each feature lies in a flat row of the model's input: in order, but codes after all else."""
    codes = [feature.encoder is not None and feature.encoder.codes > 0 for feature in features]
    ends = {False: 0, True: sum(f.width for f, coded in zip(features, codes, strict=True) if not coded)}
    places = []
    for feature, coded in zip(features, codes, strict=True):
        places.append(slice(ends[coded], ends[coded] + feature.width))
        ends[coded] += feature.width
    return places


@final
class Scaling(Frozen):
    """(x - offset) / scale, learned on the training split; one number for all inputs or one for each."""

    offset: tuple[float, ...] = sequence()
    scale: tuple[float, ...] = sequence()


@final
class Schema(Frozen):
    """Inputs by column, outputs and label map.

    A row of the model's input is the features' numbers side by side, in order, reshaped to `input_shape`.
    Where features have encoders, it is their numbers as `encoders.matrix` lays them out: quantities first,
    then codes; `scaling` is that of the quantities.
    `classes` maps an index to the label it stands for, or names each of several labels that a row may have
    at once (task `labels`); empty for regression. `class_names` are what the user calls these labels, in the
    same order; empty where they have no other names. `label_scaling` is what the loss of a regression sees
    in place of the label; the model itself gives the label in its own units.
    """

    features: tuple[Feature, ...] = sequence(min_length=1)
    input_shape: tuple[int, ...] = sequence(min_length=1)
    label: str = "label"
    task: Task
    classes: tuple[Label, ...] = sequence(())
    outputs: Count = Field(description="output units: 1 for binary, one per class or label, or the width")
    scaling: Scaling | None = None
    class_names: tuple[str, ...] = sequence(())
    label_scaling: Scaling | None = None

    @property
    def encoded(self) -> bool:
        """Whether the features have encoders."""
        return self.features[0].encoder is not None

    @property
    def label_map(self) -> tuple[Label, ...]:
        """What predictions give for each index: the name of its label, or the label itself."""
        return self.class_names or self.classes

    @model_serializer(mode="wrap")
    def _without_absent(self, serialized: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Digests of data and bundles from before there were such fields stay as they are."""
        fields: dict[str, Any] = serialized(self)
        for name in ("class_names", "label_scaling"):
            if not getattr(self, name):
                fields.pop(name, None)
        return fields
