"""Metrics that Keras does not have, or not for class indices.

Each adds up a few numbers over rows, so that it is exact over an epoch however the rows come in: counts by
class, or means and squares. All are as scikit-learn has them, and count rows by their weights where there are
any.
"""

from abc import abstractmethod
from typing import Any, final

import keras
from keras import ops

PACKAGE = "sparktune"
ROUNDING = 1e-13  # share of the square that float32 makes of labels that are all the same
HALF = 0.5  # from here on a probability means yes


class CountsByClass(keras.metrics.Metric):  # type: ignore[misc]
    """Rows of each class, rows that were taken for it, and those of them that are right.

    Args:
        task: `binary`, `classes` or `labels`; says what targets and outputs are.
        classes: number of classes, or of labels.
        name: the metric's.
        dtype: that of its numbers.
    """

    def __init__(self, task: str, classes: int, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.task, self.classes = task, classes
        names = ("right", "actual", "predicted")
        self._counts = [self.add_variable((classes,), initializer="zeros", name=name) for name in names]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in rows: class indices (rows,), or 0 and 1 (rows, outputs); outputs; weights (rows,)."""
        actual, predicted = self._flags(y_true, y_pred)
        weight: Any = 1.0
        if sample_weight is not None:
            weight = ops.reshape(ops.cast(sample_weight, self.dtype), (-1, 1))
        for count, flags in zip(self._counts, (actual * predicted, actual, predicted), strict=True):
            count.assign_add(ops.sum(flags * weight, axis=0))

    @final
    def result(self) -> Any:
        """The mean over the classes that count."""
        scores, counts = self.scores(*(ops.convert_to_tensor(count) for count in self._counts))
        counts = ops.cast(counts, self.dtype)
        return _share(ops.sum(scores * counts), ops.sum(counts))

    @abstractmethod
    def scores(self, right: Any, actual: Any, predicted: Any) -> tuple[Any, Any]:
        """The score of each class, and whether it counts; all (classes,)."""

    def get_config(self) -> dict[str, Any]:
        """What a metric of the same kind is made of."""
        return {**super().get_config(), "task": self.task, "classes": self.classes}

    def _flags(self, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
        """Which classes each row has, and which it was taken for: 0 and 1, (rows, classes)."""
        if self.task == "classes":
            indices = ops.cast(ops.reshape(y_true, (-1,)), "int32"), ops.argmax(y_pred, axis=-1)
            return tuple(ops.one_hot(index, self.classes, dtype=self.dtype) for index in indices)
        given = (ops.cast(y_true, self.dtype), ops.cast(y_pred, self.dtype))
        flags = [ops.cast(ops.reshape(part, (-1, y_pred.shape[-1])) > HALF, self.dtype) for part in given]
        if self.task == "binary":
            flags = [ops.concatenate([1 - flag, flag], axis=-1) for flag in flags]
        return flags[0], flags[1]


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class BalancedAccuracy(CountsByClass):
    """The mean recall of the classes that occur."""

    def scores(self, right: Any, actual: Any, predicted: Any) -> tuple[Any, Any]:
        return _share(right, actual), actual > 0


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class F1(CountsByClass):
    """F1 of class 1 for a binary label; else the mean over classes or labels that occur or are predicted."""

    def scores(self, right: Any, actual: Any, predicted: Any) -> tuple[Any, Any]:
        return _share(2 * right, actual + predicted), _counting(self.task, actual, predicted)


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class MacroPrecision(CountsByClass):
    """The mean over classes of the share of predictions that are right."""

    def scores(self, right: Any, actual: Any, predicted: Any) -> tuple[Any, Any]:
        return _share(right, predicted), _counting(self.task, actual, predicted)


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class MacroRecall(CountsByClass):
    """The mean over classes of the share of rows that are found."""

    def scores(self, right: Any, actual: Any, predicted: Any) -> tuple[Any, Any]:
        return _share(right, actual), _counting(self.task, actual, predicted)


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class AucByClass(keras.metrics.AUC):  # type: ignore[misc]
    """The mean over classes of the area under the curve of each against all others; labels are indices."""

    def __init__(self, num_labels: int, **options: Any) -> None:
        super().__init__(**{**options, "multi_label": True, "num_labels": num_labels})

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in class indices (rows,), probabilities (rows, classes) and weights (rows,)."""
        index = ops.cast(ops.reshape(y_true, (-1,)), "int32")
        if sample_weight is not None:
            sample_weight = ops.reshape(sample_weight, (-1, 1))
        super().update_state(ops.one_hot(index, self.num_labels, dtype=self.dtype), y_pred, sample_weight)

    def result(self) -> Any:
        """The mean over the classes that occur, and for ROC are not alone: Keras takes others for 0."""
        counts = self.true_positives[0] + self.false_negatives[0] > 0
        if self.curve.value == "ROC":
            counts = ops.logical_and(counts, self.true_negatives[0] + self.false_positives[0] > 0)
        counted = ops.sum(ops.cast(counts, self.dtype))
        return super().result() * _share(ops.cast(self.num_labels, self.dtype), counted)


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class R2(keras.metrics.Metric):  # type: ignore[misc]
    """The share of the label's variance that predictions explain; the mean over outputs.

    The variance is added up around running means (Chan, Golub and LeVeque 1979): no digits cancel where
    labels are far from 0.
    """

    def __init__(self, outputs: int, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.outputs = outputs
        names = ("rows", "mean", "spread", "error")
        self._sums = [self.add_variable((outputs,), initializer="zeros", name=name) for name in names]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in numbers (rows, outputs), predictions of them, and weights (rows,)."""
        actual = ops.reshape(ops.cast(y_true, self.dtype), (-1, self.outputs))
        error = ops.square(actual - ops.reshape(ops.cast(y_pred, self.dtype), (-1, self.outputs)))
        weight = ops.ones_like(actual)
        if sample_weight is not None:
            weight = weight * ops.reshape(ops.cast(sample_weight, self.dtype), (-1, 1))
        rows, mean, spread, errors = self._sums
        new = ops.sum(weight, axis=0)
        new_mean = _share(ops.sum(weight * actual, axis=0), new)
        known, step = ops.convert_to_tensor(rows), new_mean - mean
        part = _share(new, known + new)
        spread.assign_add(
            ops.sum(weight * ops.square(actual - new_mean), axis=0) + ops.square(step) * known * part
        )
        mean.assign_add(step * part)
        rows.assign_add(new)
        errors.assign_add(ops.sum(weight * error, axis=0))

    def result(self) -> Any:
        """1 is perfect, 0 as good as the mean; 0 for labels that are all the same."""
        rows, mean, spread, error = (ops.convert_to_tensor(total) for total in self._sums)
        known = ops.cast(spread > ROUNDING * rows * ops.square(mean), self.dtype)
        return ops.mean(known * (1 - _share(error, spread)))

    def get_config(self) -> dict[str, Any]:
        """What a metric of the same kind is made of."""
        return {**super().get_config(), "outputs": self.outputs}


def _share(part: Any, whole: Any) -> Any:
    """part / whole; 0 where whole is 0."""
    return ops.divide_no_nan(part, whole)


def _counting(task: str, actual: Any, predicted: Any) -> Any:
    """The classes whose scores count: class 1 of a binary label, else all that occur or are predicted."""
    if task == "binary":
        return ops.convert_to_tensor([False, True])
    return actual + predicted > 0
