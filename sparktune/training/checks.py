"""Everything about model and training that can be refused before a study starts."""

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sparktune.columns.schema import Schema
from sparktune.data.dataset import Dataset
from sparktune.errors import ModelError, SpecError
from sparktune.spec import Choice, StudySpec, TrainingSpec
from sparktune.spec.conditions import enabling, in_force
from sparktune.spec.kinds import KIND
from sparktune.spec.training import CsvLog, CustomCallback, TensorBoard, name_of
from sparktune.training.device import load_tensorflow
from sparktune.training.feeding import class_indices
from sparktune.training.input_values import InputValues
from sparktune.training.kinds.base import ModelKind, check_inputs, kind_of
from sparktune.training.objective import (
    ALIKE_BY_CLASS,
    WEIGHTED,
    check_monitors,
    loss_of,
    resolve_objective,
    weighted_metrics_of,
)
from sparktune.training.own_goals import check_own_goals
from sparktune.training.references import import_reference, mismatch
from sparktune.training.user_code import has_own_code
from sparktune.trial import Params

log = logging.getLogger("sparktune")


def check_model(spec: StudySpec, schema: Schema, data: Dataset | None = None) -> None:
    """Refuse a study whose trials cannot train: `check_configurations`, then the user's own code.

    A builder is called, and its model saved and loaded, with the first and, should that raise, the last
    values of the search. Custom callbacks are imported. Their code runs in this process, and may end it.

    Raises:
        ModelError: the model, the builder or a callback breaks a rule. SpecError: the objective, the loss, a
        metric, a watched metric or a class weight does not fit the label.
    """
    check_configurations(spec, schema, data)
    if not has_own_code(spec):
        return
    load_tensorflow()
    for index, callback in enumerate(spec.training.callbacks):
        if isinstance(callback, CustomCallback):
            _check_custom(callback, f"training.callbacks[{index}].callback")
    check_own_goals(spec, schema)
    space = spec.search.space
    ends = [{name: domain.ends[pick] for name, domain in space.items()} for pick in (0, -1)]
    for kind, model in _kinds(spec):
        configurations = [spec.configured(in_force(space, {**params, **kind})) for params in ends]
        model.check_own_code([(kind_of(section), training) for section, training in configurations], schema)


def check_configurations(spec: StudySpec, schema: Schema, data: Dataset | None = None) -> None:
    """Refuse values of the search that no model can be built or trained with: arithmetic, no TensorFlow.

    With `data`, its values are looked at where a kind of model asks for them, and a warning says which
    weights the objective does not count. Folders of callbacks are made and written to.

    Raises:
        ModelError: the model cannot read the inputs. SpecError: the objective, the loss, a metric, a watched
        metric or a class weight does not fit the label.
    """
    objective = resolve_objective(spec, schema)
    if data is not None:
        _say_what_the_objective_ignores(spec, schema, objective.metric, data.train.weight is not None)
    inputs = InputValues(data) if data is not None else None
    for params in offered(spec):
        section, training = spec.configured(params)
        model = kind_of(section)
        check_inputs(model, schema)
        if inputs is not None:
            model.check_values(inputs)
        check_training(training, schema, spec.data.validation != "none")
    for index, callback in enumerate(spec.training.callbacks):
        if isinstance(callback, TensorBoard | CsvLog) and callback.directory:
            _check_folder(Path(callback.directory), f"training.callbacks[{index}].directory")


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
    """Points of the search space that together show every value of it (both ends of a range).

    Those that break a constraint of the search are left out.
    """
    space = spec.search.space
    points = (in_force(space, params) for params in _changed_one_by_one(spec))
    yield from (params for params in points if spec.search.allows(params))


def _changed_one_by_one(spec: StudySpec) -> Iterator[Params]:
    """For each kind of model: the first value of each domain, then with each other value in turn.

    Names that are out of force are among them.
    """
    values = {
        name: list(domain.values if isinstance(domain, Choice) else domain.ends)
        for name, domain in spec.search.space.items()
    }
    first = {name: ends[0] for name, ends in values.items()}
    for kind, model in _kinds(spec):
        yield {**first, **kind}
        for name, ends in values.items():
            others = enabling(spec.search.space, name)
            points = ({**first, **others, **kind, name: value} for value in (ends if others else ends[1:]))
            yield from () if name in kind else points
        if hardest := model.hardest(values):
            yield {**first, **kind, **hardest}


def _kinds(spec: StudySpec) -> Iterator[tuple[Params, ModelKind]]:
    """Each kind of model that is trained, with the parameter that chooses it where there are several."""
    for model in spec.models:
        yield {KIND: model.kind} if spec.searches_kinds else {}, kind_of(model)


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
    if given != "balanced":
        _check_labels(list(given), schema)


def _check_labels(labels: list[str], schema: Schema) -> None:
    """Each label of `training.class_weight` must stand for one class, and each class come up once at most."""
    seen: dict[int, str] = {}
    for label in labels:
        indices = class_indices(label, schema)
        if len(indices) != 1:
            known = ", ".join(map(str, schema.classes))
            names = f", named {', '.join(schema.class_names)}" if schema.class_names else ""
            found = "which is a label and the name of another" if indices else "which is none of them"
            raise SpecError(
                f"training.class_weight must name labels of {schema.label!r} ({known}{names}), but got "
                f"{label!r}, {found}"
            )
        index = indices.pop()
        if index in seen:
            raise SpecError(
                f"training.class_weight must name each class once, but got {seen[index]!r} and {label!r} for "
                f"the class {schema.classes[index]}; remove one"
            )
        seen[index] = label


def _check_custom(callback: CustomCallback, field: str) -> None:
    found = import_reference(callback.callback, field)
    import keras

    if not (isinstance(found, type) and issubclass(found, keras.callbacks.Callback)):
        raise ModelError(
            f"{field} must be a subclass of keras.callbacks.Callback, but {callback.callback!r} is {found!r}"
        )
    reason = mismatch(found, **callback.params)
    if reason is not None:
        raise ModelError(
            f"{field} must take its params {callback.params!r}, but {callback.callback!r} has {reason}"
        )


def _say_what_the_objective_ignores(spec: StudySpec, schema: Schema, metric: str, weighted: bool) -> None:
    """Weights change what is learned; whether they change which trial is best is easily taken for granted."""
    plain = metric.removeprefix("val_")
    if plain == "loss" or plain.startswith(WEIGHTED):
        return
    if weighted or spec.data.weight is not None:
        weighed = map(name_of, weighted_metrics_of(spec.training, schema))
        log.warning(
            "row weights count in the loss, but the objective %s counts every row alike; to weigh it too, "
            "%sset objective.metric: %s",
            metric,
            "" if plain in weighed else f"add {plain} to training.weighted_metrics and ",
            metric.removesuffix(plain) + WEIGHTED + plain,
        )
    if spec.training.class_weight is not None and plain not in ALIKE_BY_CLASS.get(schema.task, ()):
        log.warning(
            "training.class_weight changes what is learned, but the objective %s counts every class by its "
            "rows; to count all classes alike, set training.metrics: [..., balanced_accuracy] and "
            "objective.metric: %s",
            metric,
            metric.removesuffix(plain) + "balanced_accuracy",
        )


def _check_folder(folder: Path, field: str) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise SpecError(
            f"{field} must be a folder that can be written, but {str(folder)!r} is not: {error}; name another"
        ) from None
