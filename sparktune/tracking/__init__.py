"""Shows a study in MLflow, which can be rebuilt from the ledger. mlflow is imported when needed."""

from sparktune.tracking.base import NullTracker, Tracker
from sparktune.tracking.mlflow.address import check_tracking
from sparktune.tracking.mlflow.sync import sync
from sparktune.tracking.mlflow.tracker import MlflowTracker

__all__ = ["MlflowTracker", "NullTracker", "Tracker", "check_tracking", "sync"]
