"""The whole spec: what the user asked for, as one frozen value."""

import difflib
import hashlib
import json
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from sparktune.spec.base import Count, Name, NonNegative, Section, Whole
from sparktune.spec.data import DataSpec
from sparktune.spec.model import BuilderSpec, MlpSpec, ModelSpec
from sparktune.spec.search import Choice, Range, SearchSpec
from sparktune.spec.training import TrainingSpec

S = TypeVar("S", bound=BaseModel)
IDENTITY = ("study", "data", "model", "search", "training", "objective")


class StudySection(Section):
    """Name and seed of the study."""

    name: str = Field(
        "study",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
        description="names the study directory and the MLflow run",
    )
    seed: Whole = Field(0, description="seed of the sampler, the splits and every trial")


class ObjectiveSpec(Section):
    """The metric that decides, and which way is better. Both follow from the label when not given."""

    metric: Name | None = Field(None, description="val_accuracy for classes, val_loss for regression")
    direction: Literal["maximize", "minimize"] | None = Field(None, description="follows from the metric")


class ResourcesSpec(Section):
    """What one trial gets, and how many trials run at once."""

    launcher: Literal["spark", "local"] = Field("spark", description="local: processes, without Spark")
    cpus: Count = Field(1, description="cores of each trial; bounds TensorFlow's threads")
    gpus: NonNegative = Field(0.0, description="GPUs of each trial; a fraction shares one")
    parallelism: Count | None = Field(None, description="trials at once; what the cluster can run by default")


class TrackingSpec(Section):
    """Where MLflow shows the study. Credentials come from MLFLOW_TRACKING_USERNAME and _PASSWORD."""

    uri: Name = Field("sqlite:///mlflow.db", description="MLflow tracking URI")
    experiment: Name | None = Field(None, description="the study's name by default")
    registered_model_name: Name | None = Field(None, description="register the best model, alias champion")

    @field_validator("uri")
    @classmethod
    def _no_credentials(cls, uri: str) -> str:
        if urlsplit(uri).password or (urlsplit(uri).username and uri.startswith("http")):
            raise ValueError(
                "must not hold credentials; set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD "
                "(or the database's own password file) instead"
            )
        return uri


class OutputSpec(Section):
    """Where the study directory lies."""

    directory: Name = Field("studies", description="holds one folder per study")


class StudySpec(Section):
    """A study, as asked for: `StudySpec(data={...}, model={...}, search={...})` or `sparktune.spec.load_spec(path)`."""

    study: StudySection = StudySection()
    data: DataSpec = DataSpec()
    model: ModelSpec = MlpSpec()
    search: SearchSpec
    training: TrainingSpec = TrainingSpec()
    objective: ObjectiveSpec = ObjectiveSpec()
    resources: ResourcesSpec = ResourcesSpec()
    tracking: TrackingSpec = TrackingSpec()
    output: OutputSpec = OutputSpec()

    @model_validator(mode="before")
    @classmethod
    def _kind_of_model(cls, given: Any) -> Any:
        """A model section without `kind` is a builder's if it names one, else an mlp's."""
        model = given.get("model") if isinstance(given, dict) else None
        if isinstance(model, dict) and "kind" not in model:
            kind = "builder" if "builder" in model else "mlp"
            return {**given, "model": {"kind": kind, **model}}
        return given

    @model_validator(mode="after")
    def _searchable(self) -> "StudySpec":
        for name, domain in self.search.space.items():
            if not isinstance(self.model, BuilderSpec) and name not in self.searchable:
                raise ValueError(unknown_name(name, self.searchable))
            for where, value in _ends(domain):
                self._check(name, where, value)
        return self

    @property
    def searchable(self) -> list[str]:
        """Names that the space may use, besides a builder's own parameters."""
        fields = [*type(self.model).model_fields, *TrainingSpec.model_fields]
        return [f for f in fields if f not in ("kind", "builder", "params", "metrics", "callbacks")]

    def _check(self, name: str, where: str, value: Any) -> None:
        try:
            self.configured({name: value})
        except ValidationError as error:
            first = error.errors()[0]
            rule = first["msg"][0].lower() + first["msg"][1:].replace("Input should", "should")
            raise ValueError(f"{name} {rule.replace('input should', 'must')}, but got {value!r} (search.space.{name}{where})") from None

    def configured(self, params: dict[str, Any]) -> tuple[ModelSpec, TrainingSpec]:
        """The model and the training of one trial.

        Raises:
            pydantic.ValidationError: a parameter breaks the rule of its field.
        """
        training = {n: v for n, v in params.items() if n in TrainingSpec.model_fields}
        model = {n: v for n, v in params.items() if n not in training}
        if isinstance(self.model, BuilderSpec):
            model = {"params": {**self.model.params, **model}}
        return _updated(self.model, model), _updated(self.training, training)

    def identity(self) -> dict[str, Any]:
        """What decides the numbers, as JSON values; where and how wide it runs and shows does not count."""
        return self.model_dump(mode="json", include=set(IDENTITY))

    def digest(self) -> str:
        """sha256 of the identity. The order of names counts: it decides which point of the space a number means."""
        return hashlib.sha256(json.dumps(self.identity()).encode()).hexdigest()


def unknown_name(name: str, known: list[str]) -> str:
    """The message for a name that is none of `known`, with the nearest of them."""
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known names: {', '.join(sorted(known))}"
    return f"unknown name {name!r}; {hint}"


def _updated(section: S, changes: dict[str, Any]) -> S:
    return type(section).model_validate({**dict(section), **changes}) if changes else section


def _ends(domain: Choice | Range) -> list[tuple[str, Any]]:
    if isinstance(domain, Choice):
        return [(f"[{index}]", value) for index, value in enumerate(domain.values)]
    return [(".low", domain.low), (".high", domain.high)]
