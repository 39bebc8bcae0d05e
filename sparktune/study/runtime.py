"""Where a study runs: the Spark session, the fork server, the launcher, and the one copy of its data."""

import logging
from contextlib import ExitStack, closing
from typing import Any, Self, final

from sparktune.data import Dataset, load_dataset
from sparktune.data.host import SharedData, share
from sparktune.launch import (
    Launcher,
    LocalLauncher,
    SparkLauncher,
    keep_fork_server,
    open_session,
    read_table,
    spark_is_configured,
    start_fork_server,
    to_arrow,
)
from sparktune.spec import StudySpec
from sparktune.study.progress import in_notebook

log = logging.getLogger("sparktune")


@final
class Runtime:
    """Opens what a study needs when it is first needed; leaving the context gives it back.

    A fork server starts at once, so that TensorFlow is loaded while the input is checked; that of a notebook
    stays for the next study. Spark starts only where tables must be read or trials run on it; a session stays
    open for whoever uses it next.

    Args:
        spec: the study.
        spark: the session to use; one is opened where it is None.
        launcher: where trials run; what `resources.launcher` says where it is None.

    Attributes:
        on_spark: whether trials run on Spark where no launcher is given.
    """

    def __init__(self, spec: StudySpec, spark: Any = None, launcher: Launcher | None = None) -> None:
        self._spec = spec
        self._spark = spark
        self._launcher = launcher
        self.on_spark = spec.resources.launcher == "spark"
        if spec.resources.launcher == "auto":  # Spark costs more than it gives where it has these cores alone
            self.on_spark = spark is not None or spec.resources.gpus > 0 or spark_is_configured()
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        if self._spec.resources.preload and in_notebook():
            keep_fork_server()
        elif self._spec.resources.preload:
            self._opened.enter_context(start_fork_server())
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def session(self) -> Any:
        """The Spark session."""
        if self._spark is None:
            self._spark = open_session(self._spec)
        return self._spark

    def load(self, data: Any) -> Dataset:
        """The study's data set, from `data` where it was given in Python.

        Raises:
            DataError: it cannot be used.
        """
        given = to_arrow(data) if hasattr(data, "sparkSession") else data
        dataset = load_dataset(self._spec, given, lambda **which: read_table(self.session(), **which))
        splits = {"training": dataset.train, "validation": dataset.validation, "test": dataset.test}
        counts = [f"{len(rows):,} {name}" for name, rows in splits.items() if rows is not None]
        log.info("data: %s rows", ", ".join(counts))
        return dataset

    def share(self, data: Dataset) -> SharedData:
        """The data set where every process of this host maps it; one copy for all that follows."""
        shared = self._opened.enter_context(closing(share(data)))
        log.info("data: %.1f MB at %s", shared.key.size / 1e6, shared.path)
        return shared

    def start_launcher(self, spec: StudySpec, shared: SharedData) -> Launcher:
        """The launcher, ready to run trials of the study on these data. Whoever enters its context closes it.

        Raises:
            LaunchError: the trials cannot run there.
        """
        launcher = self._launcher
        if launcher is None:
            launcher = SparkLauncher(self.session()) if self.on_spark else LocalLauncher()
        launcher.start(spec, shared)
        log.info("trials: %d at once by %s", launcher.slots(), type(launcher).__name__)
        return launcher
