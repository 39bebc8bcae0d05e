"""The artefacts of a run."""

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sparktune.temporary import driver_folder
from sparktune.tracking.base import Artifacts

if TYPE_CHECKING:
    from mlflow import MlflowClient


def write_artifacts(client: "MlflowClient", run_id: str, artifacts: Artifacts) -> None:
    """Add artefacts to a run, by name: a Path is a file or folder to upload, a str is the text of a file."""
    for name, content in artifacts.items():
        if isinstance(content, Path) and content.is_dir():
            client.log_artifacts(run_id, str(content), name)
            continue
        path = Path(name)
        folder = None if path.parent == Path() else path.parent.as_posix()
        with tempfile.TemporaryDirectory(dir=driver_folder()) as temporary:
            named = Path(temporary) / path.name  # MLflow gives the artefact the file's name
            if isinstance(content, str):
                named.write_text(content, encoding="utf-8")
            elif content.name != path.name:
                shutil.copyfile(content, named)
            else:
                named = content
            client.log_artifact(run_id, str(named), folder)
