"""Which models and callbacks train in compiled epochs, and why others do not."""

from collections.abc import Iterator, Sequence
from typing import Any

import keras

from sparktune.training.engine.structure import all_layers, fully_described
from sparktune.training.engine.updates import rule_of

METHODS = ("train_step", "test_step", "compute_loss", "compute_metrics", "fit", "evaluate")
BATCH_HOOKS = (
    "on_batch_begin",
    "on_batch_end",
    "on_train_batch_begin",
    "on_train_batch_end",
    "on_test_batch_begin",
    "on_test_batch_end",
)


def obstacle(model: Any, callbacks: Sequence[Any]) -> str | None:
    """Why a compiled Keras model has to train with `fit`; None where it need not."""
    return next(_reasons_against(model, callbacks), None)


def _reasons_against(model: Any, callbacks: Sequence[Any]) -> Iterator[str]:
    yield from _of_model(model)
    yield from _of_optimizer(model.optimizer)
    goals = model.get_compile_config()
    if not fully_described([goals.get(name) for name in ("loss", "metrics", "weighted_metrics")]):
        yield "the loss or a metric is not Keras' own"
    for callback in callbacks:
        defaults = {hook: getattr(keras.callbacks.Callback, hook) for hook in BATCH_HOOKS}
        methods = {hook: getattr(getattr(callback, hook), "__func__", None) for hook in BATCH_HOOKS}
        hooks = [hook for hook in BATCH_HOOKS if methods[hook] is not defaults[hook]]
        if hooks:
            yield f"callback {type(callback).__name__} has {hooks[0]}"


def _of_model(model: Any) -> Iterator[str]:
    own = [method for method in METHODS if getattr(type(model), method) is not getattr(keras.Model, method)]
    if own:
        yield f"the model has its own {own[0]}"
    if model.run_eagerly:
        yield "the model runs eagerly"
    if len(getattr(model, "inputs", None) or ()) != 1 or len(model.outputs) != 1:
        yield "the model is not functional with one input and one output"
    elif model.outputs[0].dtype != "float32":
        yield f"the model computes in {model.outputs[0].dtype}"
    if not model.trainable_variables:
        yield "the model has nothing to train"
    layers = all_layers(model)
    measuring = [layer.name for layer in layers if layer is not model and layer.metrics]
    if measuring:
        yield f"layer {measuring[0]} has metrics of its own"
    stateful = [layer.name for layer in layers if getattr(layer, "stateful", False)]
    if stateful:
        yield f"layer {stateful[0]} is stateful"


def _of_optimizer(optimizer: Any) -> Iterator[str]:
    if rule_of(optimizer) is None:
        yield f"optimizer {type(optimizer).__name__} has no fused kernel"
        return
    for option in ("use_ema", "gradient_accumulation_steps", "global_clipnorm", "loss_scale_factor"):
        if getattr(optimizer, option):
            yield f"the optimizer has {option}"
