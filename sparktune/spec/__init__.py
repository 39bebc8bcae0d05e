"""What the user asks for: frozen, validated values that load in milliseconds."""

from typing import TYPE_CHECKING

from sparktune.lazy import lazily

if TYPE_CHECKING:
    from sparktune.spec.data import DataSpec, SplitSpec
    from sparktune.spec.document import json_schema, load_spec, parse_spec
    from sparktune.spec.domain import Choice, Domain, Range
    from sparktune.spec.extensions import KINDS
    from sparktune.spec.messages import unknown_name
    from sparktune.spec.model import ModelSpec
    from sparktune.spec.objective import ObjectiveSpec
    from sparktune.spec.resources import ResourcesSpec
    from sparktune.spec.search import SearchSpec
    from sparktune.spec.study import OutputSpec, StudySpec
    from sparktune.spec.tracking import TrackingSpec
    from sparktune.spec.training import TrainingSpec

__all__ = [
    "KINDS",
    "Choice",
    "DataSpec",
    "Domain",
    "ModelSpec",
    "ObjectiveSpec",
    "OutputSpec",
    "Range",
    "ResourcesSpec",
    "SearchSpec",
    "SplitSpec",
    "StudySpec",
    "TrackingSpec",
    "TrainingSpec",
    "json_schema",
    "load_spec",
    "parse_spec",
    "unknown_name",
]

# A worker that scores loads none of it; the section of each kind is defined where the model is built.
__getattr__, __dir__ = lazily(
    __name__,
    {
        "Choice": "sparktune.spec.domain",
        "DataSpec": "sparktune.spec.data",
        "Domain": "sparktune.spec.domain",
        "KINDS": "sparktune.spec.extensions",
        "ModelSpec": "sparktune.spec.model",
        "ObjectiveSpec": "sparktune.spec.objective",
        "OutputSpec": "sparktune.spec.study",
        "Range": "sparktune.spec.domain",
        "ResourcesSpec": "sparktune.spec.resources",
        "SearchSpec": "sparktune.spec.search",
        "SplitSpec": "sparktune.spec.data",
        "StudySpec": "sparktune.spec.study",
        "TrackingSpec": "sparktune.spec.tracking",
        "TrainingSpec": "sparktune.spec.training",
        "json_schema": "sparktune.spec.document",
        "load_spec": "sparktune.spec.document",
        "parse_spec": "sparktune.spec.document",
        "unknown_name": "sparktune.spec.messages",
        "BuilderSpec": "sparktune.training.kinds.builder",
        "CnnSpec": "sparktune.training.kinds.cnn",
        "LinearSpec": "sparktune.training.kinds.linear",
        "MlpSpec": "sparktune.training.kinds.mlp",
        "RnnSpec": "sparktune.training.kinds.rnn",
    },
)
