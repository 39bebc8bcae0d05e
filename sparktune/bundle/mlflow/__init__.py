"""A bundle as an MLflow model: logged, registered, loaded back."""
