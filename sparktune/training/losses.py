"""Losses that Keras does not have."""

from typing import Any, final

import keras

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
