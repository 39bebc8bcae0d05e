"""What the user asks for: frozen, validated values that load in milliseconds."""

from sparktune.lazy import lazily
from sparktune.spec.data import DataSpec, SplitSpec
from sparktune.spec.document import json_schema, load_spec, parse_spec
from sparktune.spec.domain import Choice, Domain, Range
from sparktune.spec.extensions import KINDS
from sparktune.spec.messages import unknown_name
from sparktune.spec.model import ModelSpec
from sparktune.spec.objective import ObjectiveSpec
from sparktune.spec.search import SearchSpec
from sparktune.spec.study import OutputSpec, ResourcesSpec, StudySpec, TrackingSpec
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

# The section of each kind of model is defined in the module that builds the model.
__getattr__, __dir__ = lazily(
    __name__,
    {
        "BuilderSpec": "sparktune.training.kinds.builder",
        "CnnSpec": "sparktune.training.kinds.cnn",
        "LinearSpec": "sparktune.training.kinds.linear",
        "MlpSpec": "sparktune.training.kinds.mlp",
        "RnnSpec": "sparktune.training.kinds.rnn",
    },
)
