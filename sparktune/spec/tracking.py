"""The section `tracking`: where MLflow shows a study. It never holds credentials."""

import os
import re
from typing import final
from urllib.parse import parse_qsl, urlsplit

from pydantic import Field, field_validator

from sparktune.spec.base import Fault, Line, Section

SECRET = re.compile(r"token|passw|pwd|secret|credential|(?<!ssl)(?<!ssl_)key$", re.IGNORECASE)
TRACKING_URI = "sqlite:///mlflow.db"


def usual_tracking_uri() -> str:
    """MLflow's where a study names none: that of MLflow's own variable, else a database in this folder."""
    return os.environ.get("MLFLOW_TRACKING_URI") or TRACKING_URI


@final
class TrackingSpec(Section):
    """Where MLflow shows the study. Credentials come from MLFLOW_TRACKING_USERNAME and _PASSWORD."""

    uri: Line = Field(
        default_factory=usual_tracking_uri,
        validate_default=True,
        max_length=1000,
        description="MLflow tracking URI; where the environment has MLFLOW_TRACKING_URI, that one by default",
        json_schema_extra={"default": TRACKING_URI},
    )
    experiment: Line | None = Field(None, max_length=250, description="the study's name by default")
    registered_model_name: Line | None = Field(
        None, max_length=250, description="register the best model, alias champion"
    )

    @field_validator("experiment", "registered_model_name")
    @classmethod
    def _not_blank(cls, name: str | None) -> str | None:
        """MLflow and its databases take what is not blank and has at most 256 characters; files fewer."""
        if name is not None and (not name.strip() or name in (".", "..")):
            raise Fault(f"must be a name, but is {name!r}")
        return name

    @field_validator("registered_model_name")
    @classmethod
    def _without_separators(cls, name: str | None) -> str | None:
        """MLflow reads these in `models:/NAME/VERSION` and `models:/NAME@ALIAS`."""
        if name is not None and ("/" in name or ":" in name):
            raise Fault(f"must have no '/' and no ':', which MLflow refuses, but is {name!r}; use '-' or '.'")
        return name

    @field_validator("uri")
    @classmethod
    def _no_credentials(cls, uri: str) -> str:
        try:
            parts = urlsplit(uri)
        except ValueError:
            raise Fault("must be a URI such as sqlite:///mlflow.db or http://host:5000") from None
        held = ", as MLFLOW_TRACKING_URI does" if uri == os.environ.get("MLFLOW_TRACKING_URI") else ""
        if parts.password or (parts.username and parts.scheme.startswith("http")):
            raise Fault(
                f"must not hold credentials{held}; set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD "
                "(or the database's own password file) instead"
            )
        options = "&".join([parts.query, parts.fragment, *parts.path.split(";")[1:]])
        secret = [name for name, _ in parse_qsl(options) if SECRET.search(name)]
        if secret:
            held = held or f", but has {secret[0]!r}"
            raise Fault(
                f"must not hold credentials{held}; set MLFLOW_TRACKING_TOKEN, or "
                "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, instead"
            )
        return uri
