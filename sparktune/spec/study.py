"""The whole spec of a study, one frozen value with all sections."""

import hashlib
import json
from pathlib import Path
from typing import Any, final

from pydantic import Field, ModelWrapValidatorHandler, ValidationError, ValidationInfo, model_validator

from sparktune.errors import SpecError
from sparktune.shared_files import inside
from sparktune.spec.base import Fault, Folder, Section, Whole
from sparktune.spec.data import DataSpec
from sparktune.spec.domain import Choice, Domain, Range
from sparktune.spec.kinds import KIND, in_force_at, model_of_kind, models_of, searched_kinds, with_kinds
from sparktune.spec.messages import explained, faults, way_out
from sparktune.spec.model import ModelSection, ModelSpec, default_model, with_kind
from sparktune.spec.objective import ObjectiveSpec
from sparktune.spec.resources import ResourcesSpec
from sparktune.spec.search import SearchSpec
from sparktune.spec.tracking import TrackingSpec
from sparktune.spec.training import TrainingSpec

MAX_NAME = 200  # characters; temporary names beside the study's folder are longer by a suffix
LATER = (
    ("search", "options"),
    ("data", "class_names"),
    ("data", "scale_label"),
    ("data", "size"),
    ("data", "channels"),
    ("data", "columns"),
    ("model", "initializer"),
    ("model", "source"),
)  # fields added after the first version: a study that does not set them keeps its identity
PRUNING = ("pruner", "min_epochs", "keep", "reduction", "pruner_options")
BUDGETS = ("trials", "budget", "failures", *PRUNING)  # of the section search: they may change between runs
IDENTITY = ("study", "data", "model", "search", "training", "objective")


@final
class StudySection(Section):
    """Name and seed of the study."""

    name: str = Field(
        "study",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
        max_length=MAX_NAME,
        description="names the study directory and the MLflow run",
    )
    seed: int = Field(0, ge=0, le=2**64 - 1, description="seed of the sampler, the splits and every trial")


@final
class OutputSpec(Section):
    """The place of the study directory, and of checkpoints that are too large to be sent."""

    directory: Folder = Field("studies", description="holds one folder per study")
    checkpoint_limit: Whole = Field(32 * 2**20, description="bytes of a checkpoint that is sent to and fro")
    checkpoints: Folder | None = Field(
        None, description="path or URI for larger ones, which driver and executors share"
    )


@final
class StudySpec(Section):
    """A study, as asked for: `StudySpec(data={...}, model={...}, search={...})` or `load_spec(path)`.

    Raises:
        SpecError: names every field that breaks a rule, the rule, the value and the way out.
    """

    study: StudySection = StudySection()
    data: DataSpec = DataSpec()
    model: ModelSpec = Field(default_factory=default_model)
    search: SearchSpec = Field(default_factory=SearchSpec)
    training: TrainingSpec = TrainingSpec()
    objective: ObjectiveSpec = ObjectiveSpec()
    resources: ResourcesSpec = ResourcesSpec()
    tracking: TrackingSpec = Field(default_factory=TrackingSpec)
    output: OutputSpec = OutputSpec()

    @model_validator(mode="after")
    def _searchable(self) -> "StudySpec":
        known = {name for model in self.models for name in (*model.searchable(), *TrainingSpec.searchable())}
        for model in self.models:
            for name, domain in self._searched_by(model).items():
                path = ("search", "space", name)
                if not model.takes_any_name and name not in known:
                    raise Fault(f"is unknown; {way_out(name, known)}", *path)
                if not model.takes_any_name and name not in (*model.searchable(), *TrainingSpec.searchable()):
                    raise Fault(f"is no field of kind {model.kind}; leave that kind out", *path, "when", KIND)
                for place, value in _ends(domain):
                    fault = self._broken_rule(model, {name: value})
                    if fault is not None:
                        raise Fault(fault.rule, *path, place, *fault.path[1:], value=fault.value)
        return self

    @model_validator(mode="after")
    def _fits(self) -> "StudySpec":
        """The largest model of the space keeps the bounds too, as each of its values does alone."""

        def size(value: Any) -> Any:
            return sum(value) if isinstance(value, list) else value or 0

        for model in self.models:
            sizes = {n: domain for n, domain in self._searched_by(model).items() if n in model.sizes}
            largest = {name: max((v for _, v in _ends(domain)), key=size) for name, domain in sizes.items()}
            fault = self._broken_rule(model, largest) if len(largest) > 1 else None
            if fault is not None:
                raise Fault(fault.rule, "search", "space", value=largest)
        return self

    @model_validator(mode="after")
    def _all_matter(self) -> "StudySpec":
        idle = idle_names(self)
        if idle:
            name, why = idle[0]
            raise Fault(f"has no effect: {why}", "search", "space", name)
        return self

    @model_validator(mode="after")
    def _can_have_several_objectives(self, info: ValidationInfo) -> "StudySpec":
        if self.objective.metrics:
            self.search.check_several(info)
        return self

    @model_validator(mode="wrap")
    @classmethod
    def _readable(cls, given: Any, handler: ModelWrapValidatorHandler["StudySpec"]) -> "StudySpec":
        if isinstance(given, dict):
            given = with_kinds({name: section for name, section in given.items() if section is not None})
            model = given.get("model")
            if isinstance(model, dict) and "kind" not in model:
                given["model"] = with_kind(model)
        try:
            return handler(given)
        except ValidationError as error:
            raise SpecError(explained(error, cls, given)) from None

    @property
    def models(self) -> tuple[ModelSection, ...]:
        """The section of each kind of model that is searched; `model` alone where none is."""
        return models_of(self.model, self.search.space)

    @property
    def searches_kinds(self) -> bool:
        """Whether the space lists kinds of models under `kind`."""
        return bool(searched_kinds(self.model, self.search.space))

    def _searched_by(self, model: ModelSection) -> dict[str, Domain]:
        """The names that trials of this kind of model may have, `kind` aside, each with its domain."""
        space = self.search.space
        names = in_force_at(space, model.kind)
        return {name: space[name] for name in names if name != KIND or not self.searches_kinds}

    def _broken_rule(self, model: ModelSection, params: dict[str, Any]) -> Fault | None:
        """The first rule of model or training that a trial of this kind with these parameters would break."""
        try:
            self._with_params(model, params)
        except ValidationError as error:
            root = TrainingSpec if TrainingSpec.model_fields.keys() & params else type(model)
            return faults(error, root, params)[0]
        return None

    @property
    def study_directory(self) -> Path:
        """The study's own folder: its name below `output.directory`."""
        return Path(self.output.directory) / self.study.name

    @property
    def shared_checkpoints(self) -> str | None:
        """Where large checkpoints lie: the study's name below `output.checkpoints`; None: nowhere."""
        folder = self.output.checkpoints
        return None if folder is None else inside(folder, self.study.name)

    @property
    def epochs(self) -> int:
        """Epochs of a trial, unless they are searched: `search.max_epochs` where it is set."""
        return self.search.max_epochs or self.training.epochs

    def configured(self, params: dict[str, Any]) -> tuple[ModelSpec, TrainingSpec]:
        """The model and the training of one trial.

        Raises:
            pydantic.ValidationError: a parameter breaks the rule of its field.
        """
        if KIND not in params or not self.searches_kinds:
            return self._with_params(self.model, params)
        others = {name: value for name, value in params.items() if name != KIND}
        return self._with_params(model_of_kind(self.model, params[KIND]), others)

    def _with_params(self, model: ModelSection, params: dict[str, Any]) -> tuple[ModelSpec, TrainingSpec]:
        params = params if self.search.max_epochs is None else {"epochs": self.search.max_epochs, **params}
        training = {n: v for n, v in params.items() if n in TrainingSpec.model_fields}
        fields = {n: v for n, v in params.items() if n not in training}
        return model.with_params(fields), self.training.with_params(training)

    def identity(self) -> dict[str, Any]:
        """What decides the results, as JSON values.

        All but resources, tracking, output, budgets and pruning. `search.max_epochs` counts as the
        `training.epochs` that it replaces, so that a pruner may be added or taken away.
        """
        identity = self._deciding_sections()
        for name in (*BUDGETS, "max_epochs"):
            identity["search"].pop(name, None)
        identity["training"]["epochs"] = self.epochs
        return identity

    def _deciding_sections(self) -> dict[str, Any]:
        identity = self.model_dump(mode="json", include=set(IDENTITY))
        for section, name in LATER:
            if name not in getattr(self, section).model_dump(exclude_defaults=True):
                identity[section].pop(name, None)
        if not self.training.weighted_metrics:  # None is filled in before a study starts
            identity["training"].pop("weighted_metrics")
        if identity["model"].get("embedding") is None:  # that of an mlp
            identity["model"].pop("embedding", None)
        if self.data.scale == "auto":  # what it was called before columns were encoded
            identity["data"]["scale"] = "none"
        return identity

    def digest(self) -> str:
        """sha256 of the identity and the budgets; the order of names counts."""
        return hashlib.sha256(json.dumps(self._deciding_sections()).encode()).hexdigest()


def has_momentum(spec: StudySpec) -> bool:
    """Whether some trial has an optimizer with momentum."""
    optimizer = spec.search.space.get("optimizer")
    optimizers = optimizer.values if isinstance(optimizer, Choice) else (spec.training.optimizer,)
    return bool({"momentum", "nesterov"} & set(optimizers))


def idle_names(spec: StudySpec) -> list[tuple[str, str]]:
    """Searched names that would change nothing, each with the reason."""
    space = spec.search.space
    found: dict[str, str] = {}
    matter: set[str] = set()
    for model in spec.models:
        names = in_force_at(space, model.kind)
        unused = model.idle(names)
        found |= unused
        matter |= {name for name in names if name not in unused}
    idle = [(name, why) for name, why in found.items() if name not in matter]
    if not has_momentum(spec):
        idle.append(("momentum", "no trial has optimizer momentum or nesterov; set training.optimizer"))
    return [(name, why) for name, why in idle if name in space]


def _ends(domain: Choice | Range) -> list[tuple[str | int, Any]]:
    """All values of a choice or both bounds of a range, each with its place in the domain."""
    if isinstance(domain, Choice):
        return list(enumerate(domain.values))
    return [("low", domain.low), ("high", domain.high)]
