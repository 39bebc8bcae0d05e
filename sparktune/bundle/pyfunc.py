"""Where models that earlier versions logged to MLflow look for their loader."""

from sparktune.bundle.mlflow.pyfunc import _load_pyfunc

__all__ = ["_load_pyfunc"]
