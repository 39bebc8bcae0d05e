"""The artefacts of a run."""

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sparktune.tracking.base import Artifacts

if TYPE_CHECKING:
    from mlflow import MlflowClient


def write_artifacts(client: "MlflowClient", run_id: str, artifacts: Artifacts) -> None:
    """Add artefacts to a run, by name: a Path is a file or folder to upload, a str is the text of a file."""
    for name, content in artifacts.items():
        if isinstance(content, str):
            client.log_text(run_id, content, name)
        elif content.is_dir():
            client.log_artifacts(run_id, str(content), name)
        else:
            path = Path(name)
            folder = None if path.parent == Path() else path.parent.as_posix()
            with tempfile.TemporaryDirectory() as temporary:
                if content.name != path.name:  # MLflow gives the artefact the file's name
                    content = shutil.copyfile(content, Path(temporary) / path.name)
                client.log_artifact(run_id, str(content), folder)
