"""The model of a study is tried before the study starts; the user's own code in a process of its own."""

import json
from dataclasses import dataclass
from typing import final

from sparktune.columns.schema import Schema
from sparktune.data import Dataset
from sparktune.errors import InputError, ModelError, SpecError
from sparktune.launch.forkserver.call import ForkedCall, NoAnswer
from sparktune.spec import StudySpec
from sparktune.spec.extensions import CHECKED
from sparktune.training import check_configurations, has_own_code, own_code

SECONDS = 300.0  # a builder may download weights, and TensorFlow loads slowly on a busy machine
MODULE = "sparktune.study.check_worker"  # not imported here: a module that is run must not be loaded before


@final
@dataclass(frozen=True)
class CheckRequest:
    """The study whose model is tried, and the schema of its data."""

    spec: StudySpec
    schema: Schema

    def to_json(self) -> str:
        """A JSON object of spec and schema."""
        return json.dumps({name: part.model_dump(mode="json") for name, part in vars(self).items()})

    @classmethod
    def from_json(cls, text: str) -> "CheckRequest":
        """The request that `to_json` wrote."""
        request = json.loads(text)
        spec = StudySpec.model_validate(request["spec"], context=CHECKED)
        return cls(spec, Schema.model_validate(request["schema"]))


def check_study(spec: StudySpec, data: Dataset) -> None:
    """Refuse a study whose trials cannot train, before anything is launched.

    A builder and custom callbacks run in another process: they may end or block that, never this one.

    Raises:
        ModelError: the model, the builder or a callback breaks a rule, ends its process, or takes more than
        300 seconds. SpecError: the objective, the loss or a metric does not fit the label.
    """
    check_configurations(spec, data.schema, data)
    if has_own_code(spec):
        check_own_code(spec, data.schema)


def check_own_code(spec: StudySpec, schema: Schema, seconds: float = SECONDS) -> None:
    """`training.check_model` in a process that may take `seconds`.

    Raises:
        ModelError: as `check_study`. SpecError: as `check_study`.
    """
    with ForkedCall(MODULE, CheckRequest(spec, schema).to_json()) as call:
        try:
            answer = json.loads(call.answer(seconds))
        except NoAnswer as no_answer:
            code = own_code(spec)
            raise ModelError(
                f"{' and '.join(code)} must be imported and tried within {seconds:g} s, but the process "
                f"that tried {' and '.join(map(repr, code.values()))} {no_answer.how}; remove what ends or "
                "blocks it (os._exit, an endless loop, a slow download, native code that crashes, a lack of "
                "memory)"
            ) from None
    if answer["error"] is not None:
        kinds: dict[str, type[InputError]] = {kind.__name__: kind for kind in (ModelError, SpecError)}
        raise kinds.get(answer["kind"], InputError)(answer["error"])
