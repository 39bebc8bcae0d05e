import gzip

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sparktune.errors import DataError

ROWS = 20
TEXT = "a,b,label\n" + "".join(f"{i},{i / 2},{'yes' if i % 2 else 'no'}\n" for i in range(ROWS))


@pytest.fixture
def csv(tmp_path):
    def write(**files):
        for name, text in files.items():
            (tmp_path / f"{name}.csv").write_text(text)
        return {"source": "csv", "path": str(tmp_path), "label": "label", "validation": {"last": 4}}

    return write


def test_a_csv_file(load, csv, tmp_path):
    data = load(**{**csv(data=TEXT), "path": str(tmp_path / "data.csv")})
    assert data.schema.classes == ("no", "yes") and [f.dtype for f in data.schema.features] == [
        "int32",
        "float32",
    ]
    assert data.train.x[3].tolist() == [3, 1.5] and data.train.y[3] == 1


def test_a_gzipped_csv_file(load, csv, tmp_path):
    (tmp_path / "data.csv.gz").write_bytes(gzip.compress(TEXT.encode()))
    assert len(load(**{**csv(), "path": str(tmp_path / "data.csv.gz")}).train) == 16


@pytest.mark.parametrize("place", ["", "part-*.csv"])
def test_csv_files_in_order_of_name(load, csv, tmp_path, place):
    head, *lines = TEXT.splitlines(keepends=True)
    shuffled = "label,b,a\n" + "".join(
        ",".join(reversed(line.strip().split(","))) + "\n" for line in lines[10:]
    )
    section = csv(**{"part-1": head + "".join(lines[:10]), "part-2": shuffled, "_hidden": "a\n1\n"})
    data = load(**{**section, "path": str(tmp_path / place)})
    np.testing.assert_array_equal(data.train.x[:, 0], np.arange(16))


@pytest.mark.parametrize(("separator", "name"), [(";", "semicolons"), ("\t", "tabs")])
@pytest.mark.parametrize("cell", ["1.5", "1,5"])
def test_other_separators_are_named(load, csv, separator, name, cell):
    section = csv(data=f"a;label\n{cell};yes\n2.5;no\n".replace(";", separator))
    with pytest.raises(DataError, match=f"must have commas between columns, but .* seems to have {name}: a."):
        load(**section)


def test_a_csv_file_that_is_no_text(load, tmp_path):
    path = tmp_path / "rows.csv"
    pq.write_table(pa.table({"a": ["x;y", "\t"] * 9, "label": [0, 1] * 9}), path)
    with pytest.raises(
        DataError, match=r"^data: CSV files must be text, but '.*' is not; name its kind as the source$"
    ):
        load(source="csv", path=str(path), label="label")


def test_types_are_read_off_all_rows(load, csv):
    rows = "".join(f"{i},{i % 2}\n" for i in range(200_000))
    data = load(**csv(data="a,label\n" + rows + "0.5,1\n"))
    assert data.schema.features[0].dtype == "float32" and data.validation.x[-1, 0] == 0.5


@pytest.mark.parametrize("cell", ["", "NA"])
def test_cells_without_a_number_are_missing_ones(load, csv, cell):
    data = load(**{**csv(data=TEXT + f"3,{cell},no\n"), "validation": {"last": 2}})
    assert data.validation.x.tolist() == [[19, 9.5], [3, 4.5]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TEXT + "3,1.0,\n", r"label 'label' must be given in every row, but row 20 holds None"),
        (TEXT + "3,oops,no\n", r"feature 'b' must be numeric, .* but row 20 holds 'oops'"),
        (TEXT + "3,4\n", r"cannot read"),
        (TEXT.replace("b", "a", 1), r"column names must differ, but 'a' stands twice"),
        (TEXT.replace("label", "labels", 1), r"label column 'label' is not there; did you mean 'labels'\?"),
        ("a,b,label\n", r"must hold rows, but it is empty"),
        ("", r"cannot read"),
    ],
)
def test_csv_that_cannot_be_used(load, csv, text, message):
    with pytest.raises(DataError, match=message):
        load(**csv(data=text))


def test_quoted_text_is_a_label(load, csv):
    text = "a,label\n" + '1,"NA"\n2,"other"\n' * 10
    assert load(**csv(data=text)).schema.classes == ("NA", "other")


def test_quoted_text_of_several_lines(load, csv):
    """Of more than a block of pyarrow's, which may end in the middle of a text."""
    rows = "".join(f'{i % 7},"first\nsecond",{"ab"[i % 2]}\n' for i in range(60_000))
    data = load(**csv(data="a,note,label\n" + rows), columns={"note": "category"})
    assert data.schema.features[1].encoder.levels == ("first\nsecond",)
    assert data.schema.features[1].encoder.common == len(data.train) == 59_996


@pytest.mark.parametrize(
    "text",
    [
        "Größe,label\n" + "1,no\n2,yes\n" * 9,
        "a,label\n" + "1,no\n2,größer\n" * 9,
        "a,label\n" + "Höhe,no\nTür.,yes\n" * 9,  # words of four bytes, as a number has
    ],
)
def test_a_csv_file_must_be_utf8(load, tmp_path, text):
    (tmp_path / "rows.csv").write_bytes(text.encode("latin1"))
    with pytest.raises(DataError, match=r"data: CSV files must be UTF-8, but '.*rows.csv' holds b'\w+\\x"):
        load(source="csv", path=str(tmp_path / "rows.csv"), label="label")
    (tmp_path / "rows.csv").write_text(text, encoding="utf-8")
    assert load(source="csv", path=str(tmp_path / "rows.csv"), label="label").schema.task == "binary"


def test_csv_files_with_different_columns(load, csv):
    with pytest.raises(DataError, match=r"all files must have the same columns"):
        load(**csv(one=TEXT, two="a,c,label\n1,2,no\n"))
    with pytest.raises(DataError, match=r"cannot read"):
        load(**csv(one=TEXT, two="a,b,label\n1,2,3\n"))


def table(rows=ROWS):
    x = np.arange(rows * 4, dtype="<f4").reshape(rows, 4)
    columns = {
        "v": pa.array(x.tolist()),
        "raw": pa.array([r.tobytes() for r in x]),
        "label": np.arange(rows) % 2,
    }
    return x, pa.table(columns)


def test_parquet(load, tmp_path):
    x, columns = table()
    pq.write_table(columns, tmp_path / "part-0.parquet", row_group_size=7)
    section = {"source": "parquet", "label": "label", "validation": {"last": 4}}
    one = load(**section, path=str(tmp_path / "part-0.parquet"), features=["raw"])
    np.testing.assert_array_equal(one.train.x, x[:16])
    both = load(**section, path=str(tmp_path / "*.parquet"))
    np.testing.assert_array_equal(both.train.x, np.concatenate([x, x], axis=1)[:16])
    assert [f.shape for f in both.schema.features] == [(4,), (4,)]


def test_a_folder_as_spark_writes_it(load, tmp_path):
    x, columns = table()
    for part in range(2):
        pq.write_table(columns.slice(part * 10, 10), tmp_path / f"part-{part}.snappy.parquet")
    (tmp_path / "_SUCCESS").touch()
    data = load(source="parquet", path=str(tmp_path), label="label", features=["v"], validation={"last": 4})
    np.testing.assert_array_equal(data.train.x, x[:16])


def test_parquet_beyond_the_memory_goes_through_files(load, tmp_path, monkeypatch):
    x, columns = table()
    pq.write_table(columns, tmp_path / "a.parquet", row_group_size=7)
    monkeypatch.setattr("sparktune.data.sources.tables.BATCH_ROWS", 3)
    monkeypatch.setattr("sparktune.data.mapped.free_memory", lambda: 0)
    data = load(
        source="parquet", path=str(tmp_path), label="label", features=["v"], validation={"fraction": 0.2}
    )
    found = np.concatenate([data.train.x, data.validation.x])
    np.testing.assert_array_equal(found[np.argsort(found[:, 0])], x)


def test_parquet_of_partitions_and_names_with_a_dot(load, tmp_path):
    columns = pa.table({"a.b": np.arange(ROWS), "label": np.arange(ROWS) % 2})
    pq.write_to_dataset(columns, tmp_path, partition_cols=["label"])
    data = load(source="parquet", path=str(tmp_path), label="label", validation={"fraction": 0.2})
    assert [feature.name for feature in data.schema.features] == ["a.b"]
    assert data.schema.classes == (0, 1) and len(data.train) == 16


@pytest.mark.parametrize("content", [b"", b"PAR1 cut short", b"a,b\n1,2\n"])
def test_parquet_that_cannot_be_read(load, tmp_path, content):
    (tmp_path / "a.parquet").write_bytes(content)
    for path in (tmp_path, tmp_path / "a.parquet"):
        with pytest.raises(DataError, match=r"data: cannot read|must hold rows"):
            load(source="parquet", path=str(path), label="label")


def test_nothing_matches(load, tmp_path):
    for path in (tmp_path, tmp_path / "*.csv"):
        with pytest.raises(DataError, match=r"data\.path must name a file, a folder or a glob"):
            load(source="csv", path=str(path), label="label")
