"""What an encoder is: a raw column in, float32 numbers out, by what the training rows have taught it."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self, final

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from sparktune.spec.base import Frozen, Section, Whole
from sparktune.spec.extensions import ENCODERS

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from sparktune.columns.arrow import ColumnPlace, RowOf


class EncoderOptions(Section, ABC):
    """What `data.columns` may say of a column with one kind of encoder; a subclass has a field `kind`."""

    if TYPE_CHECKING:
        kind: str


class Encoder(Frozen, ABC):
    """Turns one raw column into numbers, the same ones in training and in scoring.

    A fitted encoder is a frozen pydantic model with a field `kind` of one word: all that it has learned is in
    its fields, which a bundle keeps as JSON. It computes with Arrow and NumPy alone. Quantities go to the
    network as they are; an encoder with `codes` gives one whole number a row, from 0 to `codes` - 1, which
    the network takes as one-hot or as an embedding. Another one is an entry point of `sparktune.encoders`:

        [project.entry-points."sparktune.encoders"]
        length = "my_package.length:LengthEncoder"

    Example:
        >>> from typing import Literal
        >>> import numpy as np
        >>> import pyarrow as pa
        >>> import pyarrow.compute as pc
        >>> from sparktune.columns.encoders.base import Encoder, EncoderOptions
        >>> class LengthOptions(EncoderOptions):
        ...     kind: Literal["length"] = "length"
        ...     longest: int = 100
        >>> class LengthEncoder(Encoder):
        ...     kind: Literal["length"] = "length"
        ...     longest: int
        ...     options = LengthOptions
        ...
        ...     @classmethod
        ...     def fit(cls, column, options, place):
        ...         return cls(column_type="string", missing=column.null_count, longest=options.longest)
        ...
        ...     def encode(self, array, place, row=int):
        ...         lengths = pc.utf8_length(array).fill_null(0).to_numpy(zero_copy_only=False)
        ...         return np.minimum(lengths, self.longest).astype("f4").reshape(-1, 1)
        >>> words = pa.chunked_array([["one", None, "three"]])
        >>> LengthEncoder.fit(words, LengthOptions(), None).encode(words.chunk(0), None).ravel().tolist()
        [3.0, 0.0, 5.0]
    """

    if TYPE_CHECKING:
        kind: str

    column_type: str = Field(description="the raw column's type in Spark SQL")
    missing: Whole = Field(0, description="training rows without a value")

    options: ClassVar[type[EncoderOptions]]
    """What a study may say of a column with this encoder: a section with the same `kind`."""

    @classmethod
    @abstractmethod
    def fit(cls, column: "pa.ChunkedArray", options: Any, place: "ColumnPlace") -> Self:
        """The encoder for a column, from its values in the training rows alone.

        Args:
            column: the training rows.
            options: what the study says of the column, of the class `options`.
            place: names the column in errors.

        Raises:
            InputError: that of `place`: the column cannot be encoded so.
        """

    @abstractmethod
    def encode(self, array: "pa.Array", place: "ColumnPlace", row: "RowOf" = int) -> "np.ndarray":
        """The numbers of the rows, float32 (rows, width); NaN where a row has none, and so no prediction.

        A row's numbers depend on its value alone: neither on other rows, nor on chunks or slices.

        Args:
            array: raw values of any Arrow type that stands for the column's: a dictionary say.
            place: names the column in errors.
            row: gives what names the row, its number say, of a place in the array.

        Raises:
            InputError: that of `place`: wrong type, or a value that has no numbers.
        """

    def sql(self, column: str) -> list[str] | None:
        """The numbers of a row as expressions of Spark SQL; None where there are none.

        Args:
            column: the raw value in SQL, of the type `parameter_type`.
        """
        return None

    @property
    def parameter_type(self) -> str:
        """The type in Spark SQL as which a SQL function takes raw values: it may be wider than training's."""
        return self.column_type

    @property
    def width(self) -> int:
        """Numbers per row."""
        return 1

    @property
    def codes(self) -> int:
        """How many codes its number may be; 0 where its numbers are quantities."""
        return 0

    @property
    def flags(self) -> int:
        """How many of its last numbers are 0 or 1, which scaling leaves alone."""
        return 0

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of a raw value: empty for a single one."""
        return ()

    @property
    def constant(self) -> bool:
        """Whether all training rows have the same numbers, so that the column is useless."""
        return False

    @property
    def typical(self) -> str:
        """What the training rows hold, in a few words: a mean or the commonest value."""
        return ""


def encoder_class(kind: str) -> type[Encoder]:
    """The class of the encoders of this kind.

    Raises:
        InputError: no installed package has it.
    """
    found: type[Encoder] = ENCODERS.load(kind)
    return found


@final
class _OfAnyKind:
    """Reads an encoder by the class of its `kind`."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            _validated, serialization=core_schema.plain_serializer_function_ser_schema(_plain)
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "object"}


def _validated(given: Any) -> Encoder:
    if isinstance(given, Encoder):
        return given
    if not isinstance(given, dict) or "kind" not in given:
        raise ValueError(f"must be an encoder of some kind, but got {given!r:.80}")
    return encoder_class(given["kind"]).model_validate(given)


def _plain(encoder: Encoder) -> dict[str, Any]:
    return encoder.model_dump(mode="json")


if TYPE_CHECKING:
    AnyEncoder = Encoder
else:
    AnyEncoder = Annotated[Encoder, _OfAnyKind()]
