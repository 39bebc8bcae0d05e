"""The convolutional network."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, ClassVar, Literal, Self, final

from pydantic import Field, model_validator

from sparktune.columns.schema import Schema
from sparktune.errors import ModelError
from sparktune.spec.base import MAX_LAYERS, Count, Units, check_weights, dense_weights, sequence
from sparktune.training.kinds.layered import Layers, RegularisedKind
from sparktune.trial import Params

# How much of an image a value uses up, beside others of its field.
APPETITE: dict[str, Callable[[Any], Any]] = {
    "filters": len,
    "kernel": int,
    "pool_size": int,
    "padding": lambda padding: padding == "valid",
    "pooling": lambda pooling: pooling != "none",
}


@final
class CnnSpec(RegularisedKind):
    """Convolution and pooling blocks, then a dense head; for images (rows, columns[, channels])."""

    kind: Literal["cnn"] = "cnn"
    filters: tuple[Units, ...] = sequence(
        (32, 64), min_length=1, max_length=MAX_LAYERS, description="filters of each block"
    )
    kernel: int = Field(3, ge=1, le=1000, description="side of the square kernel")
    pooling: Literal["max", "average", "none"] = Field("max", description="what closes each block")
    pool_size: Count = Field(2, description="side of the pooling window")
    padding: Literal["same", "valid"] = Field("valid", description="how convolutions treat the border")
    hidden: tuple[Units, ...] = sequence(
        (128,), max_length=MAX_LAYERS, description="neurons of each layer of the dense head"
    )

    reads_codes: ClassVar[bool] = False
    sizes: ClassVar[tuple[str, ...]] = ("filters", "kernel", "hidden")

    @model_validator(mode="after")
    def _fits_a_machine(self) -> Self:
        convolutions = self.kernel**2 * dense_weights((1, *self.filters))
        check_weights(convolutions, "filters", self.filters)
        check_weights(dense_weights(self.hidden), "hidden", self.hidden)
        return self

    def check(self, schema: Schema) -> None:
        """The inputs are images, of which every block leaves something.

        Raises:
            ModelError: they are not, or it does not.
        """
        shape = schema.input_shape
        if len(shape) not in (2, 3):
            raise ModelError(
                "model.kind cnn needs images (rows, columns) or (rows, columns, channels), but the input "
                f"has shape {shape}; give the features as arrays of that shape, or use kind: mlp"
            )
        for side, name in zip(shape, ("rows", "columns"), strict=False):
            left = side
            for block in range(1, len(self.filters) + 1):
                convolved = left if self.padding == "same" else left - self.kernel + 1
                left = convolved if self.pooling == "none" else convolved // self.pool_size
                if left < 1:
                    raise ModelError(
                        f"model.kind cnn: block {block} of {len(self.filters)} has no {name} left of {side} "
                        f"(kernel {self.kernel}, padding {self.padding}, pooling {self.pooling}, pool_size "
                        f"{self.pool_size}); use padding: same, fewer filters, or a smaller kernel or "
                        "pool_size"
                    )

    @classmethod
    def hardest(cls, values: Mapping[str, Sequence[Any]]) -> Params:
        """The values that together leave the least of an image."""
        return {name: max(values[name], key=key) for name, key in APPETITE.items() if name in values}

    def idle(self, space: Collection[str]) -> dict[str, str]:
        """The pooling window, where nothing is pooled."""
        if self.pooling != "none" or "pooling" in space:
            return {}
        return {"pool_size": "model.pooling is none; set it to max or average"}

    def hidden_layers(self, shape: tuple[int, ...]) -> Layers:
        """A channel axis where there is none, the blocks, and the dense head."""
        import keras

        pool = {"max": keras.layers.MaxPooling2D, "average": keras.layers.AveragePooling2D}.get(self.pooling)
        layers = [keras.layers.Reshape((*shape, 1))] if len(shape) == 2 else []
        for filters in self.filters:
            layers += self.activated(keras.layers.Conv2D, filters, self.kernel, padding=self.padding)
            layers += [pool(self.pool_size)] if pool else []
            layers += self.dropout_layers()
        return [*layers, keras.layers.Flatten(), *self.dense_layers(self.hidden)]
