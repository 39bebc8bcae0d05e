"""What is trained: a section of one of the registered kinds of model.

A kind's fields are defined with the code that builds it, in `sparktune.training.kinds`; this module has their
names only and imports them when the first study is read. A field that holds one number or one word can be
searched by its own name; so can the sequences (`hidden`, `filters`), whose choices are then lists.
"""

from collections.abc import Collection
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Union, final

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, TypeAdapter
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from sparktune.errors import InputError
from sparktune.spec.base import Section
from sparktune.spec.extensions import KINDS


class ModelSection(Section):
    """The section of a kind of model: its fields, and which of them the search may vary."""

    if TYPE_CHECKING:
        kind: str

    # Fields that make a model larger: their largest values are checked together.
    sizes: ClassVar[tuple[str, ...]] = ()
    # Whether the space may hold names that are no fields, as a builder's parameters are.
    takes_any_name: ClassVar[bool] = False

    @classmethod
    def variants(cls) -> tuple[type[Section], ...]:
        """The section types that a field of this type accepts: all registered kinds, or this kind alone."""
        return registered_kinds() if cls is ModelSection else (cls,)

    @classmethod
    def searchable(cls) -> list[str]:
        """Names of the fields that the space may use."""
        return [name for name in cls.model_fields if name != "kind"]

    def idle(self, space: Collection[str]) -> dict[str, str]:
        """Fields that would change nothing in a search of these names, each with the reason."""
        return {}


@cache
def registered_kinds() -> tuple[type[ModelSection], ...]:
    """The class of each kind whose package can be imported; looked up once in a process."""
    kinds = []
    for name in KINDS.names:
        try:
            kinds.append(KINDS.load(name))
        except InputError:  # raised again when a study names this kind
            continue
    return tuple(kinds)


@cache
def _any_kind() -> TypeAdapter[ModelSection]:
    kinds: Any = Union[registered_kinds()]  # noqa: UP007 - the members are known when this runs
    return TypeAdapter(Annotated[kinds, Field(discriminator="kind")])


def _validated(given: Any) -> ModelSection:
    if isinstance(given, ModelSection):
        return given
    if isinstance(given, dict) and given.get("kind") in KINDS:
        KINDS.load(given["kind"])  # raises InputError with the reason where its package cannot be imported
    return _any_kind().validate_python(given)


@final
class _OfAnyKind:
    """Validates a section by the class of its `kind`, and describes all kinds in the JSON schema."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(_validated)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return handler(_any_kind().core_schema)


if TYPE_CHECKING:
    ModelSpec = ModelSection
else:
    ModelSpec = Annotated[ModelSection, _OfAnyKind()]


def default_model() -> "ModelSpec":
    """The model of a study that names none: an mlp of Keras' usual size."""
    return KINDS.load("mlp")()  # type: ignore[no-any-return]


def with_kind(section: dict[str, Any]) -> dict[str, Any]:
    """A document's section, which may leave out `kind`: with `builder` it is a builder's, else an mlp's."""
    return {"kind": "builder" if "builder" in section else "mlp", **section}
