"""What a study says of a column: the kind of its encoder with options, or that it is ignored."""

from typing import TYPE_CHECKING, Annotated, Any, Literal, cast, final

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from sparktune.spec.base import Fault, Section
from sparktune.spec.extensions import ENCODERS
from sparktune.spec.messages import one_of, way_out


@final
class IgnoredColumn(Section):
    """A column that is not read."""

    kind: Literal["ignore"] = "ignore"


def _validated(given: Any, info: ValidationInfo) -> Section:
    """`ignore`, the name of a kind, or a section with a `kind` and the options of its encoder."""
    if isinstance(given, Section):
        return given
    section = {"kind": given} if isinstance(given, str) else given
    if not isinstance(section, dict):
        raise Fault("must be ignore, a kind of encoder, or a section with a kind", value=given)
    kinds = [*ENCODERS.names, "ignore"]
    kind = section.get("kind")
    if kind is None:
        raise Fault(f"is required, but got nothing; add kind: {', '.join(kinds[:-1])} or ignore", "kind")
    if kind not in kinds:
        raise Fault(one_of(kinds, kind), "kind", value=kind)
    options = IgnoredColumn if kind == "ignore" else ENCODERS.load(kind).options
    for name in section:
        if name not in options.model_fields:
            raise Fault(f"is unknown for kind {kind}; {way_out(name, options.model_fields)}", str(name))
    return cast(Section, options.model_validate(section))


@final
class _OfAnyKind:
    """Validates the options of a column by the class of their `kind`."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(
            _validated,
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda column: column.model_dump(mode="json")
            ),
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        words: JsonSchemaValue = {"type": "string", "enum": [*ENCODERS.names, "ignore"]}
        section = {"type": "object", "required": ["kind"], "properties": {"kind": words}}
        return {"anyOf": [words, section]}


if TYPE_CHECKING:
    ColumnSpec = Section
else:
    ColumnSpec = Annotated[Section, _OfAnyKind()]
