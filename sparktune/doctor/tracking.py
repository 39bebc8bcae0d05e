"""Whether MLflow can be reached."""

from collections.abc import Iterator
from importlib.metadata import version

from sparktune.doctor.case import Case
from sparktune.finding import Finding, Level
from sparktune.tracking import check_tracking
from sparktune.tracking.mlflow.address import is_looked_at, server_version


def check_mlflow(case: Case) -> Iterator[Finding]:
    """The tracking URI, and the versions of client and server."""
    if case.offline:
        return
    uri, here = case.spec.tracking.uri, version("mlflow")
    check_tracking(case.spec)
    if not is_looked_at(uri):
        yield Finding(Level.OK, f"{uri}: not checked, client {here}")
        return
    there = server_version(uri)
    yield Finding(Level.OK, f"{uri}: reachable, client {here}" + (f", server {there}" if there else ""))
    if there and there.split(".")[0] != here.split(".")[0]:
        text = f"MLflow's server should have the client's major version, {here}, but has {there}"
        yield Finding(Level.WARNING, f"{text}; upgrade the older one")
