"""An MLflow store for models."""

from pathlib import Path

from mlflow import MlflowClient


class Store:
    """An MLflow store with one run, apart from the process's own."""

    def __init__(self, folder: Path) -> None:
        self.uri = f"sqlite:///{folder / 'mlflow.db'}"
        self.client = MlflowClient(self.uri, self.uri)
        self.experiment = self.client.create_experiment(
            "study", artifact_location=(folder / "files").as_uri()
        )

    def run(self) -> str:
        return str(self.client.create_run(self.experiment).info.run_id)
