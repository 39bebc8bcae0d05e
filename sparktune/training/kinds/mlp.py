"""The multi-layer perceptron."""

from collections.abc import Collection
from typing import ClassVar, Literal, Self, final

from pydantic import Field, model_validator

from sparktune.spec.base import MAX_LAYERS, Units, check_weights, dense_weights, sequence
from sparktune.training.kinds.column_inputs import usual_embedding
from sparktune.training.kinds.layered import Layers, RegularisedKind, flat


@final
class MlpSpec(RegularisedKind):
    """A multi-layer perceptron: `hidden` names every layer, or `neurons` and `layers` give equal ones."""

    kind: Literal["mlp"] = "mlp"
    hidden: tuple[Units, ...] | None = sequence(
        None, max_length=MAX_LAYERS, description="neurons of each hidden layer"
    )
    neurons: Units = Field(64, description="neurons of every hidden layer, where `hidden` is not given")
    layers: int = Field(
        1, ge=0, le=MAX_LAYERS, description="number of hidden layers, where `hidden` is not given"
    )

    embedding: Units | None = Field(
        None,
        description="width of the embedding of each column of more than 8 words or other names; by default "
        "1.6 n^0.56 of n codes, at most 600",
    )

    sizes: ClassVar[tuple[str, ...]] = ("neurons", "layers", "hidden")
    batchable: ClassVar[bool] = True

    @model_validator(mode="after")
    def _fits_a_machine(self) -> Self:
        field = "neurons" if self.hidden is None else "hidden"
        check_weights(dense_weights(self.widths), field, getattr(self, field))
        return self

    @property
    def widths(self) -> tuple[int, ...]:
        """Neurons of each hidden layer."""
        return self.hidden if self.hidden is not None else (self.neurons,) * self.layers

    def hidden_layers(self, shape: tuple[int, ...]) -> Layers:
        """The dense layers."""
        return [*flat(shape), *self.dense_layers(self.widths)]

    def embedding_width(self, codes: int) -> int | None:
        """`embedding` where it is given, unless the codes are few."""
        usual = usual_embedding(codes)
        return usual if usual is None or self.embedding is None else self.embedding

    def idle(self, space: Collection[str]) -> dict[str, str]:
        """Width and number of equal layers, where `hidden` names each."""
        if self.hidden is None and "hidden" not in space:
            return {}
        return dict.fromkeys(
            ("neurons", "layers"), "hidden names the width of every layer; remove one of them"
        )
