import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparktune.columns.encoders.category import CategoryEncoder
from sparktune.data import Dataset, Feature, Rows, Schema
from sparktune.data.digest import digest_of
from sparktune.data.initial import InitialWeights
from sparktune.data.packed import map_packed, packed_size, write_packed
from sparktune.errors import DataError


def made(rows: int = 10, dtype: str = "float32", weight: bool = False, test: bool = True) -> Dataset:
    """Splits of different lengths and a schema that fits."""
    random = np.random.default_rng(rows)

    def split(count: int) -> Rows:
        x = (random.random((count, 3)) * 200).astype(dtype)
        return Rows(x, np.arange(count, dtype=np.int32), np.ones(count, np.float32) if weight else None)

    splits = [split(rows), split(2), split(1) if test else None]
    feature = Feature(name="x", dtype=dtype, shape=(3,))
    schema = Schema(features=(feature,), input_shape=(3,), task="classes", classes=("a", "b"), outputs=2)
    return Dataset(*splits, schema, digest_of(splits, schema))


@given(st.integers(1, 300), st.sampled_from(["float32", "uint8", "int32"]), st.booleans(), st.booleans())
def test_what_is_written_is_mapped(tmp_path_factory, rows, dtype, weight, test):
    data = made(rows, dtype, weight, test)
    path = tmp_path_factory.mktemp("packed") / "data"
    write_packed(data, path)
    mapped = map_packed(path)
    assert mapped.schema == data.schema
    assert mapped.digest == digest_of([mapped.train, mapped.validation, mapped.test], mapped.schema)
    assert (mapped.test is None) == (not test)
    assert (mapped.train.weight is None) == (not weight)


def test_words_of_any_script_are_mapped(tmp_path):
    towns = tuple(f"Санкт-Петербург {number} 🏙" for number in range(200))
    encoder = CategoryEncoder(column_type="string", levels=towns, values=len(towns))
    schema = Schema(
        features=(Feature.encoded("город 🌍", encoder),),
        input_shape=(1,),
        task="classes",
        classes=("да", "нет", "🤷"),
        outputs=3,
    )
    rows = Rows(np.arange(9, dtype=np.float32).reshape(9, 1), np.arange(9, dtype=np.int32))
    weights = InitialWeights("обученная модель 🧠" * 500, [np.arange(4, dtype=np.float32)])
    written = Dataset(rows, rows, None, schema, "0" * 64, initial=weights, example=(("Тверь 🌉",),))
    write_packed(written, tmp_path / "data")
    mapped = map_packed(tmp_path / "data")
    assert mapped.schema == schema and mapped.example == written.example
    assert mapped.initial is not None and mapped.initial.digest == weights.digest
    assert mapped.train.x.tolist() == rows.x.tolist() and mapped.validation.y.tolist() == rows.y.tolist()


def test_arrays_are_aligned_and_private(tmp_path):
    data = made()
    write_packed(data, tmp_path / "data")
    mapped = map_packed(tmp_path / "data")
    for array in (mapped.train.x, mapped.train.y, mapped.validation.x):
        assert array.ctypes.data % 64 == 0
        assert array.flags.writeable and array.flags.c_contiguous
    mapped.train.x[0] = 99
    assert map_packed(tmp_path / "data").train.x[0, 0] != 99


def test_the_size_is_that_of_the_arrays(tmp_path):
    data = made(5000)
    write_packed(data, tmp_path / "data")
    assert packed_size(data) == 5003 * (3 * 4 + 4)
    assert packed_size(data) <= (tmp_path / "data").stat().st_size < packed_size(data) + 10_000


def test_another_file_is_refused(tmp_path):
    (tmp_path / "data").write_bytes(b"PK" + bytes(100))
    with pytest.raises(DataError, match="packed data set"):
        map_packed(tmp_path / "data")
