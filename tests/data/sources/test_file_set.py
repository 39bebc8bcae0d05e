"""Files of this machine and of others: paths, folders, globs and URIs."""

import gzip
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from pyarrow.fs import FileSystem

from sparktune.data.sources.file_set import find_files
from sparktune.errors import DataError

ROWS = 40
COLUMNS = pa.table({"a": np.arange(ROWS), "b": np.arange(ROWS) / 2, "label": np.arange(ROWS) % 2})
TEXT = "a,b,label\n" + "".join(f"{i},{i / 2},{i % 2}\n" for i in range(ROWS))
HALVES = COLUMNS.slice(0, ROWS // 2), COLUMNS.slice(ROWS // 2)
SECTION = {"label": "label", "validation": {"last": 8}}


def write_all(system: FileSystem, folder: str) -> None:
    """The rows as two files of each kind, and what Spark and Delta write beside them."""
    for name in ("rows", "rows/part=0", "rows/part=1", "rows/_delta_log", "rows/.tmp"):
        system.create_dir(f"{folder}/{name}")
    for part, half in enumerate(HALVES):
        pq.write_table(half, f"{folder}/rows/part={part}/x.parquet", filesystem=system)
        with system.open_output_stream(f"{folder}/part-{part}.arrow") as file:
            feather.write_feather(half, file)
    for name in ("_delta_log", ".tmp"):
        pq.write_table(COLUMNS, f"{folder}/rows/{name}/x.parquet", filesystem=system)
    for name, content in (("rows/_SUCCESS", b""), ("rows.csv.gz", gzip.compress(TEXT.encode()))):
        with system.open_output_stream(f"{folder}/{name}", compression=None) as file:
            file.write(content)


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """A server that speaks S3, with the rows in a bucket; gives what follows the path in their URIs."""
    from moto.server import ThreadedMotoServer

    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("ACCESS_KEY_ID", "tester"), ("SECRET_ACCESS_KEY", "secret")):
            patch.setenv(f"AWS_{name}", value)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        at = f"?scheme=http&endpoint_override={host}:{port}&region=eu-north-1"
        system, _ = FileSystem.from_uri(f"s3://bucket/{at}&allow_bucket_creation=true")
        system.create_dir("bucket")
        write_all(system, "bucket")
        yield at
        server.stop()


@pytest.fixture(scope="module", params=["file", "memory", "s3"])
def uris(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """How URIs of the rows begin and end on a file system."""
    if request.param == "s3":
        return "s3://bucket", request.getfixturevalue("s3")
    place = str(tmp_path_factory.mktemp("rows")) if request.param == "file" else "/rows"
    scheme = "fsspec+memory" if request.param == "memory" else "file"
    system, path = FileSystem.from_uri(f"{scheme}://{place}")
    write_all(system, path)
    return f"{request.param}://{place}", ""


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("parquet", "rows"),
        ("parquet", "rows/*/*.parquet"),
        ("arrow", "part-*.arrow"),
        ("csv", "rows.csv.gz"),
    ],
)
def test_rows_at_a_uri_are_those_in_memory(load, uris, source, name) -> None:
    base, end = uris
    there = load(source=source, path=f"{base}/{name}{end}", features=["a", "b"], **SECTION)
    here = load(COLUMNS, features=["a", "b"], **SECTION)
    assert there.digest == here.digest and len(there.train) == ROWS - 8


@pytest.mark.parametrize(
    ("pattern", "found"), [("*", "_year=1"), ("_delta_log", "_delta_log"), ("_*", "_year=1"), ("?t*", None)]
)
def test_a_hidden_folder_must_be_named(tmp_path, pattern, found) -> None:
    for name in ("_year=1", "_delta_log", "_temporary", ".tmp"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.parquet").touch()
    paths = find_files(f"{tmp_path}/{pattern}/*.parquet", "data").paths
    assert paths == ((f"{tmp_path}/{found}/x.parquet",) if found else ())


def test_folders_that_are_named_by_a_value_are_a_column(load, uris) -> None:
    base, end = uris
    data = load(source="parquet", path=f"{base}/rows{end}", label="part", validation={"fraction": 0.2})
    assert data.schema.classes == (0, 1) and len(data.schema.features) == 3


@pytest.mark.parametrize("name", ["nothing", "no/such/*.parquet"])
def test_what_is_not_there_is_named_with_its_uri(load, uris, name) -> None:
    base, end = uris
    with pytest.raises(DataError, match=rf"data\.path must .*{base}/{name[:5]}") as caught:
        load(source="parquet", path=f"{base}/{name}{end}", label="label")
    assert "\n" not in str(caught.value)


def test_a_server_that_refuses_the_credentials(load, s3, monkeypatch) -> None:
    monkeypatch.setattr("moto.settings.INITIAL_NO_AUTH_ACTION_COUNT", 0)
    with pytest.raises(DataError, match=r"ACCESS_DENIED.*; credentials come from AWS_ACCESS") as caught:
        load(source="parquet", path=f"s3://bucket/rows{s3}", label="label")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        (
            "s3://key:secret@bucket/rows",
            r"must not hold a password or key.*credentials come from AWS_ACCESS_KEY_ID",
        ),
        ("abfss://a@b.net/rows?account_key=secret", r"must not hold a password or key.*AZURE_CLIENT_ID"),
        ("s3a://bucket/rows?nonsense=1", r"cannot read .*nonsense.*region=NAME"),
        ("hdfs://nowhere:9000/rows", r"cannot read .*libjvm.*CLASSPATH"),
        ("nosuch://bucket/rows", r"cannot read 'nosuch://bucket/rows': .*nosuch"),
        ("sftp://host/rows", r"needs a package that is not installed \(.*paramiko.*\); install fsspec"),
        ("file://host/rows", r"cannot read .*host"),
    ],
)
def test_file_systems_that_cannot_be_reached(uri, message, monkeypatch) -> None:
    monkeypatch.setenv("JAVA_HOME", "/nowhere")
    with pytest.raises(DataError, match=message) as caught:
        find_files(uri, "data")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "uri",
    ["s3://KEY:ab/cd@bucket/x", "s3a://KEY:12/cd@bucket", "s3://KEY:a?b@bucket", "sftp://me:a/b@host:22/x"],
)
def test_no_secret_is_shown(uri) -> None:
    with pytest.raises(DataError, match="must not hold a password or key") as caught:
        find_files(uri, "data")
    assert "@" not in str(caught.value)


@pytest.mark.parametrize("uri", ["memory://host:8020/user@home/x", "memory://a/b:c@d/x"])
def test_a_port_or_a_path_is_no_secret(uri) -> None:
    with pytest.raises(DataError, match="there is nothing at"):
        find_files(uri, "data")


def test_google_is_not_asked_for_long(monkeypatch) -> None:
    monkeypatch.setattr("sparktune.shared_files.GCS_SECONDS", 0.2)
    with pytest.raises(DataError, match=r"cannot read .*; credentials come from GOOGLE_APPLICATION"):
        find_files("gs://anonymous@bucket/rows?scheme=http&endpoint_override=127.0.0.1:1", "data")
