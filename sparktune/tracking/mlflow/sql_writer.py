"""Runs written directly into the tables of MLflow's database, many in one transaction."""

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, final
from uuid import uuid4

from sparktune.tracking.mlflow.address import is_database
from sparktune.tracking.mlflow.entries import MetricPoint
from sparktune.tracking.mlflow.writer import Texts, Writer

if TYPE_CHECKING:
    from mlflow.entities import Run
    from sqlalchemy import Engine

Row = dict[str, Any]
# Versions (major.minor) of MLflow for which a test compares these rows with those of MLflow's own client.
# Other versions may have other tables, so with them the client writes.
KNOWN = ("3.17",)
BUSY_MS = 20_000  # how long to wait for another process that writes, as MLflow does


def engine_for(uri: str) -> "Engine | None":
    """A connection pool of the database at `uri`.

    None where `uri` is that of a server, and for a version of MLflow whose tables are not known here.
    """
    import mlflow

    if not is_database(uri) or ".".join(mlflow.__version__.split(".")[:2]) not in KNOWN:
        return None
    from mlflow.store.db.utils import create_sqlalchemy_engine  # which follows MLflow's settings of pools

    engine: Engine = create_sqlalchemy_engine(uri)
    return engine


@final
class Batch(Writer):
    """Collects the rows of runs, as MLflow's own client would write them, and writes them in one transaction.

    MLflow's store needs 7 transactions, 35 statements and 25 to 30 ms of CPU for a run; this needs 1 to 5 ms.
    `sibling` is a run of the same experiment, as the new runs get their folder of artefacts beside its own.
    """

    def __init__(self, engine: "Engine", sibling: "Run") -> None:
        self._engine = engine
        self._sibling = sibling.info
        self._created: dict[str, Row] = {}
        self._ended: list[Row] = []
        self._tags: list[Row] = []
        self._params: list[Row] = []
        self._points: dict[str, dict[MetricPoint, None]] = defaultdict(dict)

    def create(self, start_ms: int, name: str, tags: Texts) -> str:
        """Add a run's row, and give its new id."""
        run_id = uuid4().hex
        self._created[run_id] = {
            "run_uuid": run_id,
            "name": name,
            "experiment_id": int(self._sibling.experiment_id),
            "user_id": tags.get("mlflow.user", "unknown"),
            "status": "RUNNING",
            "start_time": start_ms,
            "end_time": None,
            "lifecycle_stage": "active",
            "artifact_uri": self._sibling.artifact_uri.replace(self._sibling.run_id, run_id),
            "source_type": "UNKNOWN",
            **dict.fromkeys(("source_name", "entry_point_name", "source_version"), ""),
        }
        self._tags += _rows(run_id, {**tags, "mlflow.runName": name})
        return run_id

    def log(self, run_id: str, points: Iterable[MetricPoint], params: Texts, tags: Texts) -> None:
        """Add rows to a run that has no metrics and none of these parameters and tags yet."""
        self._points[run_id] |= dict.fromkeys(points)
        self._params += _rows(run_id, params)
        self._tags += _rows(run_id, tags)

    def end(self, run_id: str, status: str, end_ms: int | None) -> None:
        """Set a run's status and end."""
        ended = {"status": status, "end_time": end_ms}
        if run_id in self._created:
            self._created[run_id] |= ended
        else:
            self._ended.append({"run_uuid": run_id, **ended})

    def commit(self) -> None:
        """Write everything, or nothing where the database refuses a row."""
        from mlflow.store.tracking.dbmodels import models
        from sqlalchemy import insert, text, update
        from sqlalchemy.orm import Session

        points = [(run_id, point) for run_id, own in self._points.items() for point in own]
        # MLflow's order of a metric's points; its table of latest metrics has the last one.
        ordered = sorted(points, key=lambda own: (own[1].step, own[1].at_ms, own[1].value))
        latest = {(run_id, point.key): (run_id, point) for run_id, point in ordered}
        new = {
            models.SqlRun: [*self._created.values()],
            models.SqlTag: self._tags,
            models.SqlParam: self._params,
            models.SqlMetric: [_metric(*point) for point in points],
            models.SqlLatestMetric: [_metric(*point) for point in latest.values()],
        }
        with Session(self._engine) as session, session.begin():
            if self._engine.dialect.name == "sqlite":
                session.execute(text(f"PRAGMA busy_timeout = {BUSY_MS}"))
            for table, rows in new.items():
                if rows:
                    session.execute(insert(table), rows)
            if self._ended:
                session.execute(update(models.SqlRun), self._ended)


def _rows(run_id: str, values: dict[str, str]) -> list[Row]:
    return [{"run_uuid": run_id, "key": key, "value": value} for key, value in values.items()]


def _metric(run_id: str, point: MetricPoint) -> Row:
    row = {"run_uuid": run_id, "key": point.key, "value": point.value, "step": point.step}
    return {**row, "timestamp": point.at_ms, "is_nan": False}
