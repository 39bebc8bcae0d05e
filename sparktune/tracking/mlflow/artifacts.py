"""Files of a run."""

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sparktune.tracking.base import Artifacts

if TYPE_CHECKING:
    from mlflow import MlflowClient


def write_artifacts(client: "MlflowClient", run_id: str, artifacts: Artifacts) -> None:
    """Add artefacts to a run: a Path is copied, a str is text."""
    for name, content in artifacts.items():
        if isinstance(content, str):
            client.log_text(run_id, content, name)
        elif content.is_dir():
            client.log_artifacts(run_id, str(content), name)
        else:
            _upload(client, run_id, content, Path(name))


def _upload(client: "MlflowClient", run_id: str, source: Path, name: Path) -> None:
    """Log one file under a name of ours; MLflow would keep the file's own."""
    folder = None if name.parent == Path() else name.parent.as_posix()
    if source.name == name.name:
        client.log_artifact(run_id, str(source), folder)
        return
    with tempfile.TemporaryDirectory() as temporary:
        copy = shutil.copyfile(source, Path(temporary) / name.name)
        client.log_artifact(run_id, str(copy), folder)
