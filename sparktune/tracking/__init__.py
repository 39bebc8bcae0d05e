"""What MLflow shows of a study: a view of the ledger that can be rebuilt. mlflow is imported when needed."""

from sparktune.tracking.base import NullTracker, Tracker
from sparktune.tracking.live import MlflowTracker
from sparktune.tracking.mlflow.address import check_tracking
from sparktune.tracking.sync import sync

__all__ = ["MlflowTracker", "NullTracker", "Tracker", "check_tracking", "sync"]
