"""Keras' metrics inside a graph: a few numbers go through its loops and take in block after block of rows."""

from typing import Any, final

import keras
import tensorflow as tf

MetricValues = list[Any]


@final
class Metrics:
    """The metrics that a model is compiled with, none perhaps; the model's own variables stay as they are."""

    def __init__(self, model: Any) -> None:
        self._metrics, self._output = model._compile_metrics, model.outputs[0]

    def start(self, y: Any) -> MetricValues:
        """The state before any rows, for targets like y (rows, ...)."""
        if self._metrics is not None and not self._metrics.built:
            self._metrics.build(y, self._output)
        return [tf.zeros(variable.shape, variable.dtype) for variable in self._variables]

    def add(self, state: MetricValues, output: Any, y: Any, weight: Any = None) -> MetricValues:
        """The state with the outputs (rows, ...) of a model for more rows, and their targets."""
        if self._metrics is None:
            return state
        with self._at(state) as scope:
            self._metrics.update_state(y, output, weight)
        return [scope.get_current_value(variable) for variable in self._variables]

    def results(self, state: MetricValues) -> dict[str, Any]:
        """Each metric by name over all rows that were added."""
        if self._metrics is None:
            return {}
        with self._at(state):
            return dict(self._metrics.result())

    @property
    def _variables(self) -> list[Any]:
        return [] if self._metrics is None else list(self._metrics.variables)

    def _at(self, state: MetricValues) -> keras.StatelessScope:
        return keras.StatelessScope(state_mapping=list(zip(self._variables, state, strict=True)))
