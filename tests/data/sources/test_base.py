import logging

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from PIL import Image

from sparktune.data import Origin
from sparktune.errors import DataError, SpecError
from sparktune.spec.extensions import BUILTIN_SOURCES
from tests.data.sources.contract import DataSourceContract
from tests.data.sources.test_idx import write_pair

SENSORS = """
import numpy as np
from sparktune.data import DataSource, Found, Origin, Table


class Sensors(DataSource):
    needs = ("path",)
    uses = ("options",)

    def read(self, origin: Origin) -> Found:
        origin.file()
        rows = origin.options["rows"]
        columns = {"hour": np.arange(rows), "label": np.arange(rows) % 2}
        return Found(Table.of(columns.items(), origin.where))


class Empty(DataSource):
    def read(self, origin):
        return None


number = 3
"""


@pytest.fixture
def installed(install):
    """A package with sources of its own, on the path."""
    points = {"sensors": "Sensors", "empty": "Empty", "number": "number", "lost": "nowhere:x"}
    install("sensors_of_others", SENSORS, {"sparktune.sources": points})


X, Y = np.arange(24, dtype="float32").reshape(12, 2), np.arange(12) % 2
IMAGES = np.arange(12 * 64, dtype="uint8").reshape(12, 8, 8)
COLUMNS = pa.table({"a": X[:, 0], "b": X[:, 1], "label": Y})


@pytest.fixture
def files(tmp_path):
    """The rows in a file of every kind; gives the folder."""
    pq.write_table(COLUMNS, tmp_path / "rows.parquet")
    pyarrow.feather.write_feather(COLUMNS, tmp_path / "rows.arrow")
    pyarrow.csv.write_csv(COLUMNS, tmp_path / "rows.csv")
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", Y)
    np.savez(tmp_path / "rows.npz", a=X, label=Y)
    np.savez(tmp_path / "images.npz", x_train=IMAGES, y_train=Y, x_test=IMAGES[:4], y_test=Y[:4])
    for row, image in enumerate(IMAGES):
        folder = tmp_path / "images" / ("cat", "dog")[Y[row]]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{row:02}.png")
    (tmp_path / "idx").mkdir()
    write_pair(tmp_path / "idx", "train-", IMAGES, Y.astype("uint8"))
    return tmp_path


class TestBuiltIn(DataSourceContract):
    @pytest.fixture(params=BUILTIN_SOURCES)
    def name(self, request):
        return request.param

    @pytest.fixture
    def origin(self, name, files):
        given = {
            "digits": {},
            "mnist": {"path": "images.npz"},
            "fashion_mnist": {"path": "images.npz"},
            "arrays": {"arrays": (X, Y)},
            "idx": {"path": "idx"},
            "images": {"path": "images", "size": (8, 6), "channels": 3},
            "npz": {"path": "rows.npz"},
            "npy": {"path": "x.npy", "labels": "y.npy"},
            "csv": {"path": "rows.csv"},
            "parquet": {"path": "rows.parquet"},
            "arrow": {"path": "rows.arrow"},
            "table": {"table": "t", "read_table": lambda table: COLUMNS},
            "query": {"query": "SELECT * FROM t", "read_table": lambda query: COLUMNS},
        }[name]
        placed = {k: str(files / v) if k in ("path", "labels") else v for k, v in given.items()}
        return Origin("data", **placed)


@pytest.mark.usefixtures("installed")
class TestOfAnotherPackage(DataSourceContract):
    @pytest.fixture
    def name(self):
        return "sensors"

    @pytest.fixture
    def origin(self, tmp_path):
        return Origin("data", path=str(tmp_path), options={"rows": 12})


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"source": "table", "table": "t", "label": "y"}, r"data\.source table needs Spark"),
        ({}, r"data\.source is arrays, but no data were handed over"),
        (
            {"source": "csv", "path": "no/such.csv", "label": "y"},
            r"data\.path must exist, .* nothing at 'no/such\.csv'",
        ),
        ({"source": "npz", "path": "no/such.npz"}, r"data\.path must exist"),
        ({"source": "idx", "path": "no/such"}, r"data\.path must exist"),
        ({"source": "mnist", "path": "no/such"}, r"data\.path must exist"),
        ({"source": "npy", "path": "pyproject.toml", "labels": "no.npy"}, r"data\.labels must exist"),
        (
            {"source": "npz", "path": "s3a://b/c.npz"},
            r"path of the driver's file system, but got 's3a.*sources parquet, csv and arrow take URIs",
        ),
        ({"source": "digits", "test": {"source": "arrays"}}, r"data\.test\.source must be a file or a table"),
    ],
)
def test_sources_that_cannot_be_read(load, section, message):
    with pytest.raises(DataError, match=message):
        load(**section)


@pytest.mark.usefixtures("installed")
def test_a_source_of_another_package(load, caplog):
    data = load(
        source="sensors",
        path="/dev",
        options={"rows": 30},
        validation={"source": "sensors", "path": "/dev", "options": {"rows": 6}},
    )
    assert (len(data.train), len(data.validation), data.schema.task) == (30, 6, "binary")
    assert data.schema.features[0].name == "hour" and not caplog.records


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("section", "error", "message"),
    [
        ({"source": "sensors"}, SpecError, r"path is required for source sensors"),
        ({"source": "lost"}, SpecError, r"must name a data source, but 'lost' is none: .*nowhere"),
        ({"source": "number"}, SpecError, r"must name a data source, but 'number' is none"),
        ({"source": "sensor"}, SpecError, r"source must be one of digits, .*sensors.* did you mean sensors"),
        ({"source": "empty"}, DataError, r"data\.source 'empty' must give a Found of tables, but gave None"),
    ],
)
def test_a_source_of_another_package_that_cannot_be_used(load, section, error, message):
    with pytest.raises(error, match=message):
        load(**section)


def test_fields_that_a_source_does_not_read_are_said(load, caplog):
    with caplog.at_level(logging.WARNING, "sparktune"):
        load(source="digits", query="SELECT 1", options={"a": 1}, validation={"fraction": 0.2, "path": "x"})
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 3
    assert "data.query (source digits) has no effect" in said[0] and "data.options" in said[1]
    assert "data.validation.path" in said[2]
