"""Trains several compiled models of one graph design at once: an epoch of all is one graph call."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, final

import keras
import numpy as np
import tensorflow as tf

from sparktune.data.dataset import Rows
from sparktune.training.batching.fused_graphs import LogsOfAll, Stack, fused, owned_by, unvectorised
from sparktune.training.callback_driver import CallbackDriver
from sparktune.training.engine.binding import scalars_of
from sparktune.training.engine.compiler import rewrite_graphs
from sparktune.training.engine.epoch import GraphDesign, Logs
from sparktune.training.engine.tensors import cpu_view, device, on_device, row_numbers
from sparktune.training.epoch_tracker import Weights
from sparktune.training.epochs import FitConfig, columns, graph_design

# Weights of a model whose arithmetic leaves most of the device idle; more would gain nothing.
SMALL = {"CPU:0": 2**13, "GPU:0": 2**22}


def batching_obstacle(model: keras.Model) -> str | None:
    """Why models like this one train one by one; None where they may train together."""
    if layers := unvectorised(model):
        return f"layer {layers[0]} has no vectorised form"
    if model.count_params() > SMALL[device()]:
        return f"the model has {model.count_params()} weights, and above {SMALL[device()]} nothing is gained"
    return None


def common_graph_design(
    models: Sequence[keras.Model], configs: Sequence[FitConfig], rows: Rows
) -> GraphDesign | None:
    """The graph design of all these models; None where they have none in common."""
    design, *others = [
        graph_design(model, config, config.steps(rows)) for model, config in zip(models, configs, strict=True)
    ]
    return design if design.structure and all(other == design for other in others) else None


@final
class FusedTraining:
    """Models of one graph design on their way through their epochs, side by side.

    Each is trained as it would be alone, but for rounding; one that has stopped goes on unseen. The models
    themselves stay as they are: `weights_of_each` has what they would have.
    """

    def __init__(
        self,
        design: GraphDesign,
        models: Sequence[keras.Model],
        rows: Rows,
        validation: Rows,
        configs: Sequence[FitConfig],
    ) -> None:
        rewrite_graphs(device() != "CPU:0")
        self._design, self._models = design, models
        self._graphs = fused(design)
        self._optimizers = [model.optimizer for model in models]
        self._stack = _stacked(design, models)
        self._scalars = np.array([scalars_of(model) for model in models], np.float32)
        self._rows = [*map(on_device, columns(rows))]
        self._validation = [*map(on_device, columns(validation))] if len(validation) else []
        self._orders = np.stack([row_numbers(len(rows.x))] * len(models))
        self._randoms = [np.random.default_rng(config.seed) if config.shuffle else None for config in configs]
        self.steps, self._done = configs[0].steps(rows), 0

    def run(self, drivers: Sequence[CallbackDriver]) -> None:
        """Train until the driver of every model is over."""
        while under_way := [n for n, driver in enumerate(drivers) if not driver.over]:
            for number in under_way:
                drivers[number].begin_epoch()
            trained = self._train()
            for number in under_way:
                drivers[number].begin_evaluation()
            measured: LogsOfAll = {}
            if self._validation:
                measured = self._graphs.evaluate(self._stack, self._scalars, self._validation)
            for number in under_way:
                drivers[number].end_epoch(_of(trained, number), _of(measured, number))
        for driver in drivers:
            driver.close()

    def weights_of_each(self) -> list[Callable[[], Weights]]:
        """For each model what its `get_weights` would be, whenever it is asked."""
        return [partial(self._weights, number) for number in range(len(self._models))]

    def _weights(self, number: int) -> Weights:
        model = self._models[number]
        owned = zip(owned_by(model), [*self._stack.weights, *self._stack.others], strict=True)
        values = {id(variable): value for variable, value in owned}
        return [values[id(weight)][number].numpy() for weight in model.weights]

    def _train(self) -> LogsOfAll:
        for order, random in zip(self._orders, self._randoms, strict=True):
            if random is not None:
                random.shuffle(order)
        table = self._design.updates.table
        tables = np.stack([table(optimizer, self._done, self.steps) for optimizer in self._optimizers])
        self._stack, logs = self._graphs.train(
            self._stack, self._scalars, self._rows, cpu_view(self._orders), tables
        )
        self._done += self.steps
        return logs


def _stacked(design: GraphDesign, models: Sequence[keras.Model]) -> Stack:
    def all_of(variables: Sequence[Sequence[Any]]) -> list[Any]:
        return [tf.stack(same) for same in zip(*variables, strict=True)]

    return Stack(
        all_of([[v.value for v in model.trainable_variables] for model in models]),
        all_of([[v.value for v in model.non_trainable_variables] for model in models]),
        all_of([design.updates.slots(model.optimizer, len(model.trainable_variables)) for model in models]),
    )


def _of(logs: LogsOfAll, number: int) -> Logs:
    return {name: float(values[number]) for name, values in logs.items()}
