"""Everything about model and training that can be refused before a study starts."""

from collections.abc import Iterator
from typing import Any

from sparktune.columns.schema import Schema
from sparktune.data.dataset import Dataset
from sparktune.errors import ModelError, SpecError
from sparktune.spec import BuilderSpec, Choice, CnnSpec, Domain, ModelSpec, StudySpec, TrainingSpec
from sparktune.spec.training import CustomCallback
from sparktune.training.device import load_tensorflow
from sparktune.training.feeding import label_index
from sparktune.training.kinds.builder import accepts, import_reference
from sparktune.training.objective import check_monitors, loss_of, resolve_objective
from sparktune.training.shapes import check_inputs
from sparktune.training.tokens import Tokens
from sparktune.trial import Params


def check_model(spec: StudySpec, schema: Schema, data: Dataset | None = None) -> None:
    """Refuse a study whose trials cannot train: `check_configurations`, then the user's own code.

    A builder is called, and its model saved and loaded, with the first and, should that raise, the last
    values of the search. Custom callbacks are imported. Their code runs in this process, and may end it.

    Raises:
        ModelError: the model, the builder or a callback breaks a rule. SpecError: the objective, the loss, a
        metric, a watched metric or a class weight does not fit the label.
    """
    check_configurations(spec, schema, data)
    _check_callbacks(spec.training)
    if isinstance(spec.model, BuilderSpec):
        load_tensorflow()
        from sparktune.training.kinds.builder_checks import check_builder

        check_builder([_configured(spec, pick) for pick in (0, -1)], schema)


def check_configurations(spec: StudySpec, schema: Schema, data: Dataset | None = None) -> None:
    """Refuse values of the search that no model can be built or trained with: arithmetic, no TensorFlow.

    With `data`, its token ids are looked at where a model embeds them.

    Raises:
        ModelError: the model cannot read the inputs. SpecError: the objective, the loss, a metric, a watched
        metric or a class weight does not fit the label.
    """
    resolve_objective(spec, schema)
    tokens = Tokens(data) if data is not None else None
    for params in offered(spec):
        model, training = spec.configured(params)
        check_inputs(model, schema)
        if tokens is not None:
            tokens.check(model)
        check_training(training, schema, spec.data.validation != "none")


def check_training(training: TrainingSpec, schema: Schema, validated: bool = True) -> None:
    """Refuse a training section that does not fit the label or contradicts itself.

    Raises:
        SpecError: names the field, the rule, the value and the way out.
    """
    loss_of(training, schema)
    check_monitors(training, schema, validated)
    _check_class_weight(training, schema)
    if training.clip_norm is not None and training.clip_value is not None:
        raise SpecError(
            f"training.clip_norm and training.clip_value exclude each other, but got {training.clip_norm} "
            f"and {training.clip_value}; remove one"
        )
    if training.schedule is not None and any(c.kind == "reduce_on_plateau" for c in training.callbacks):
        raise SpecError(
            "training.schedule sets the learning rate, so the callback reduce_on_plateau cannot, but got "
            f"both (schedule {training.schedule.kind}); remove one"
        )


def offered(spec: StudySpec) -> Iterator[Params]:
    """Points of the search space that together show every value of it (both ends of a range)."""
    values = {name: _values(domain) for name, domain in spec.search.space.items()}
    first = {name: ends[0] for name, ends in values.items()}
    yield first
    for name, ends in values.items():
        yield from ({**first, name: value} for value in ends[1:])
    if isinstance(spec.model, CnnSpec):
        yield {**first, **_hungriest(values)}


def _values(domain: Domain) -> list[Any]:
    if isinstance(domain, Choice):
        return list(domain.values)
    last = domain.value(domain.points - 1) if domain.points else domain.high
    return [domain.low, last]


def _hungriest(values: dict[str, list[Any]]) -> Params:
    """The offered values that together leave the least of an image."""
    appetite: dict[str, Any] = {
        "filters": len,
        "kernel": int,
        "pool_size": int,
        "padding": lambda padding: padding == "valid",
        "pooling": lambda pooling: pooling != "none",
    }
    return {name: max(values[name], key=key) for name, key in appetite.items() if name in values}


def _configured(spec: StudySpec, pick: int) -> tuple[ModelSpec, TrainingSpec]:
    """The configuration of every domain's first (0) or last (-1) value."""
    return spec.configured({name: _values(domain)[pick] for name, domain in spec.search.space.items()})


def _check_class_weight(training: TrainingSpec, schema: Schema) -> None:
    given = training.class_weight
    if given is None:
        return
    if schema.task not in ("binary", "classes"):
        found = "is a number to predict" if schema.task == "regression" else "holds several labels a row"
        raise SpecError(
            f"training.class_weight needs classes, but the label {schema.label!r} {found} and it got "
            f"{given!r}; remove it, or set data.task: classes"
        )
    unknown = (
        []
        if given == "balanced"
        else [label for label in given if label_index(label, schema.classes) is None]
    )
    if unknown:
        raise SpecError(
            f"training.class_weight must name labels of {schema.label!r} "
            f"({', '.join(map(str, schema.classes))}), but got {unknown[0]!r}"
        )


def _check_callbacks(training: TrainingSpec) -> None:
    for index, callback in enumerate(training.callbacks):
        if isinstance(callback, CustomCallback):
            load_tensorflow()
            _check_custom(callback, f"training.callbacks[{index}].callback")


def _check_custom(callback: CustomCallback, field: str) -> None:
    found = import_reference(callback.callback, field)
    import keras

    if not (isinstance(found, type) and issubclass(found, keras.callbacks.Callback)):
        raise ModelError(
            f"{field} must be a subclass of keras.callbacks.Callback, but {callback.callback!r} is {found!r}"
        )
    reason = accepts(found, **callback.params)
    if reason is not None:
        raise ModelError(
            f"{field} must take its params {callback.params!r}, but {callback.callback!r} has {reason}"
        )
