"""Losses that Keras does not have."""

from collections.abc import Sequence
from typing import Any, final

import keras

CLASSES = {
    "mean_squared_error": "MeanSquaredError",
    "mean_absolute_error": "MeanAbsoluteError",
    "huber": "Huber",
    "log_cosh": "LogCosh",
}
TINY = 1e-14  # below this the root's slope would be infinite


@final
@keras.saving.register_keras_serializable(package="sparktune")
class RootMeanSquaredError(keras.losses.MeanSquaredError):  # type: ignore[misc]
    """The root of a batch's mean squared error, in the label's own unit.

    An epoch's loss is the mean over its batches, weighted by their rows, as for every loss of Keras. The
    metric of this name is the root over all rows.
    """

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        squared = super().__call__(y_true, y_pred, sample_weight)
        return keras.ops.sqrt(keras.ops.maximum(squared, TINY))


@final
@keras.saving.register_keras_serializable(package="sparktune")
class OfScaledLabel(keras.losses.Loss):  # type: ignore[misc]
    """A loss of numbers that were scaled to (y - offset) / scale, for a model that gives them as they were.

    Args:
        loss: its name in the spec.
        offset: one number for each output.
        scale: one number for each output.
        options: of Keras' own.
    """

    def __init__(self, loss: str, offset: Sequence[float], scale: Sequence[float], **options: Any) -> None:
        super().__init__(**options)
        self.loss, self.offset, self.scale = loss, list(offset), list(scale)
        self._inner = (
            RootMeanSquaredError() if loss not in CLASSES else getattr(keras.losses, CLASSES[loss])()
        )

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return self._inner(self._scaled(y_true), self._scaled(y_pred), sample_weight)

    def get_config(self) -> dict[str, Any]:
        """What a loss of the same kind is made of."""
        return {**super().get_config(), "loss": self.loss, "offset": self.offset, "scale": self.scale}

    def _scaled(self, numbers: Any) -> Any:
        numbers = keras.ops.cast(numbers, "float32")
        return (numbers - keras.ops.cast(self.offset, "float32")) / keras.ops.cast(self.scale, "float32")
