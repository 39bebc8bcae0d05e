"""What the user asks for: frozen, validated values that load in milliseconds."""

from sparktune.spec.data import DataSpec, SplitSpec
from sparktune.spec.document import json_schema, load_spec, parse_spec
from sparktune.spec.messages import unknown_name
from sparktune.spec.model import BuilderSpec, CnnSpec, LinearSpec, MlpSpec, ModelSpec, RnnSpec
from sparktune.spec.search import Choice, Domain, Range, SearchSpec
from sparktune.spec.study import ObjectiveSpec, OutputSpec, ResourcesSpec, StudySpec, TrackingSpec
from sparktune.spec.training import TrainingSpec

__all__ = [
    "BuilderSpec",
    "Choice",
    "CnnSpec",
    "DataSpec",
    "Domain",
    "LinearSpec",
    "MlpSpec",
    "ModelSpec",
    "ObjectiveSpec",
    "OutputSpec",
    "Range",
    "ResourcesSpec",
    "RnnSpec",
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
