"""Shows a study in MLflow."""
