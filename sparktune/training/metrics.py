"""Metrics that Keras does not have, or not for class indices.

Each adds up numbers over rows, so that it is that of an epoch however the rows come in: counts by class or by
probability, or means and squares. All are as scikit-learn has them, and count rows by their weights where
there are any.
"""

from abc import abstractmethod
from typing import Any, final

import keras
from keras import ops

PACKAGE = "sparktune"
ROUNDING = 1e-13  # share of the square that float32 makes of labels that are all the same
HALF = 0.5  # from here on a probability means yes
BINS = {"ROC": 2**14, "PR": 2**16}  # of all classes together; Keras' `fit` adds them up after each batch
LEAST_BINS = 2**9  # of one
LOG_ODDS = (-28.0, 17.0)  # of the bins; from the higher end on float32 has 1 alone


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
class AreaUnderCurve(keras.metrics.Metric):  # type: ignore[misc]
    """ROC AUC, or average precision: of yes or no, or the mean over classes, each against all others.

    Rows are counted in narrow bins of equal width in log odds, and only those of one bin are taken for tied.
    Thresholds of equal distance in probability, as Keras has them, would tie most rows of a rare class.

    Args:
        task: `binary` or `classes`; or `labels`, which are all counted together.
        classes: number of classes, or of labels.
        curve: `ROC` or `PR`.
        name: the metric's.
        dtype: that of its numbers.
    """

    def __init__(
        self, task: str, classes: int, curve: str, name: str | None = None, dtype: Any = None
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.task, self.classes, self.curve = task, classes, curve
        self._curves = classes if task == "classes" else 1
        self._bins = max(BINS[curve] // self._curves, LEAST_BINS)
        self._counts = self.add_variable((self._curves * self._bins, 2), initializer="zeros", name="counts")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in class indices (rows,), or 0 and 1 (rows, outputs); probabilities; weights (rows,)."""
        if self.task == "classes":
            index = ops.cast(ops.reshape(y_true, (-1,)), "int32")
            flags = ops.one_hot(index, self.classes, dtype=self.dtype)
        else:
            flags = ops.cast(ops.reshape(y_true, ops.shape(y_pred)), self.dtype)
        weight = ops.ones_like(flags)
        if sample_weight is not None:
            weight = weight * ops.reshape(ops.cast(sample_weight, self.dtype), (-1, 1))
        bins = ops.reshape(self._bin(y_pred) + self._bins * ops.arange(self._curves), (-1,))
        yes_and_no = ops.stack([flags * weight, (1 - flags) * weight], axis=-1)
        self._counts.assign_add(
            ops.segment_sum(ops.reshape(yes_and_no, (-1, 2)), bins, self._curves * self._bins)
        )

    def result(self) -> Any:
        """The mean over the classes that occur, and for ROC are not alone; 0 where there is none."""
        counted = ops.reshape(ops.cast(self._counts, "float64"), (self._curves, self._bins, 2))
        yes, no = ops.unstack(ops.flip(counted, axis=1), axis=-1)  # the likeliest rows come first
        found, all_yes, all_no = ops.cumsum(yes, axis=1), ops.sum(yes, axis=1), ops.sum(no, axis=1)
        if self.curve == "ROC":
            areas = _share(ops.sum(no * (found - yes / 2), axis=1), all_yes * all_no)
            counts = all_yes * all_no > 0
        else:
            precision = _share(found, found + ops.cumsum(no, axis=1))
            areas, counts = _share(ops.sum(yes * precision, axis=1), all_yes), all_yes > 0
        area = _share(ops.sum(areas), ops.sum(ops.cast(counts, "float64")))
        return ops.cast(area, self.dtype)

    def get_config(self) -> dict[str, Any]:
        """What a metric of the same kind is made of."""
        return {**super().get_config(), "task": self.task, "classes": self.classes, "curve": self.curve}

    def _bin(self, probability: Any) -> Any:
        """The bin that each row's log odds are in, int32."""
        probability = ops.clip(ops.cast(probability, self.dtype), 0.0, 1.0)
        odds = ops.log(probability) - ops.log1p(-probability)
        share = (odds - LOG_ODDS[0]) / (LOG_ODDS[1] - LOG_ODDS[0])
        return ops.cast(ops.clip(self._bins * share, 0, self._bins - 1), "int32")


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
