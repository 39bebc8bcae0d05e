"""What tests share: one Spark session, one process with TensorFlow to fork from, quiet libraries."""

import logging
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from sparktune.launch.forkserver.client import ADDRESS, ForkServer, safe_here
from tests.launch.quick_java import quick_java
from tests.packages import EntryPoints, write_package

settings.register_profile("shared-machine", deadline=None)
settings.load_profile("shared-machine")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
os.environ.setdefault("SPARK_SUBMIT_OPTS", quick_java())  # of all drivers' JVMs that tests start
os.environ.pop("MLFLOW_TRACKING_URI", None)


LONGEST = (
    "test_notebooks.py",
    "docker/",
    "jobs/",
    "chaos/test_spark.py",
    "launch/test_clusters.py",
    "study/test_interruption.py",
    "training/test_epochs.py",
    "test_readme.py",
    "study/test_tune.py",
    "cli/test_demo.py",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--chaos", action="store_true", help="faults at full length, as `make chaos` runs them")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "fault(name): injects this fault; a row of the table of `make chaos`")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, so that no process begins one when the others have ended."""
    tests = Path(__file__).parent

    def rank(item: pytest.Item) -> int:
        path = item.path.relative_to(tests).as_posix()
        return next((rank for rank, start in enumerate(LONGEST) if path.startswith(start)), len(LONGEST))

    items.sort(key=rank)


@pytest.fixture(autouse=True, scope="module")
def no_tracking_uri_from_elsewhere() -> Iterator[None]:
    """Neither whoever runs the tests names MLflow's server to them, nor does `mlflow.set_tracking_uri`."""
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    yield
    os.environ.pop("MLFLOW_TRACKING_URI", None)


@pytest.fixture(autouse=True)
def usual_log_level() -> None:
    """A command that another test has run, with --quiet perhaps, silences no later test."""
    logging.getLogger("sparktune").setLevel(logging.NOTSET)


@pytest.fixture(scope="session")
def fork_server_address() -> Iterator[str]:
    """The address of a process with TensorFlow that nobody knows yet; none where forks are not safe."""
    if not safe_here():
        yield ""
        return
    with ForkServer() as server:
        del os.environ[ADDRESS]
        yield server.address


@pytest.fixture(scope="module")
def fork_server(fork_server_address: str) -> Iterator[None]:
    """Studies and commands of a file find the one fork server of the test run and start none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ADDRESS, fork_server_address)
        yield


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory, fork_server_address: str) -> Iterator[object]:
    """The one Spark session of the test run: two local slots, their workers forked from the fork server."""
    from pyspark.sql import SparkSession

    folder = tmp_path_factory.mktemp("spark")
    builder = (
        SparkSession.builder.master("local[2]")
        .appName("sparktune-tests")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.warehouse.dir", str(folder / "warehouse"))
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.python.worker.faulthandler.enabled", "true")
        .config("spark.python.daemon.module", "sparktune.launch.spark.daemon")
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ADDRESS, fork_server_address)
        session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


@pytest.fixture(scope="session")
def at_full_length(request: pytest.FixtureRequest) -> bool:
    """Whether `make chaos` runs, which may take its time."""
    return bool(request.config.getoption("--chaos"))


@pytest.fixture(scope="session")
def only_at_full_length(at_full_length: bool) -> None:
    """For faults that a shorter test of every test run injects too."""
    if not at_full_length:
        pytest.skip("injected by `make chaos`; another test injects it in every test run")


@pytest.fixture
def install(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, str, EntryPoints], Path]]:
    """install(module, source, points): a package of one module is on the path; gives its folder.

    `points` has the names in that module by the name of their entry point, by group. A name with a colon is
    one of another module.
    """
    modules: list[str] = []

    def installed(module: str, source: str, points: EntryPoints) -> Path:
        folder = tmp_path_factory.mktemp(module)
        places = {
            group: {name: target if ":" in target else f"{module}:{target}" for name, target in each.items()}
            for group, each in points.items()
        }
        write_package(folder, {f"{module}.py": source}, places)
        patch.syspath_prepend(folder)
        modules.append(module)
        return folder

    with pytest.MonkeyPatch.context() as patch:
        yield installed
    for module in modules:
        sys.modules.pop(module, None)


@pytest.fixture(scope="session")
def mnist10k() -> Path:
    """The folder of 10,000 real MNIST images."""
    folder = Path(__file__).parents[2] / "shared" / "data" / "mnist10k"
    if not folder.is_dir():
        pytest.skip("the MNIST images are not here: shared/data/mnist10k beside the checkout")
    return folder
