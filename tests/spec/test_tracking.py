"""Where MLflow shows a study: names that it takes, and no credentials."""

from typing import Any

import pytest

from sparktune.errors import SpecError
from sparktune.spec import StudySpec

RULES: list[tuple[dict[str, Any], str]] = [
    (
        {"tracking": {"uri": "http://[x"}},
        "uri must be a URI such as sqlite:///mlflow.db or http://host:5000 (tracking.uri)",
    ),
    (
        {"tracking": {"registered_model_name": "team/digits"}},
        "registered_model_name must have no '/' and no ':', which MLflow refuses, but is 'team/digits'; "
        "use '-' or '.' (tracking.registered_model_name)",
    ),
    (
        {"tracking": {"registered_model_name": "digits:1"}},
        "registered_model_name must have no '/' and no ':', which MLflow refuses, but is 'digits:1'; use '-' "
        "or '.' (tracking.registered_model_name)",
    ),
    (
        {"tracking": {"registered_model_name": " "}},
        "registered_model_name must be a name, but is ' ' (tracking.registered_model_name)",
    ),
    (
        {"tracking": {"experiment": ".."}},
        "experiment must be a name, but is '..' (tracking.experiment)",
    ),
]


def message(**sections: Any) -> str:
    """What a spec with these sections is refused with."""
    with pytest.raises(SpecError) as refused:
        StudySpec(**sections)
    return str(refused.value)


@pytest.mark.parametrize(("sections", "expected"), RULES)
def test_what_mlflow_refuses_is_refused(sections: dict[str, Any], expected: str) -> None:
    assert message(**sections) == expected


@pytest.mark.parametrize(
    "tracking",
    [
        {"uri": "http://me:secret@host"},
        {"uri": "postgresql://me:secret@h/db"},
        "http://me:secret@host",
        {"uri": "http://host?token=secret"},
        {"uri": "http://host/mlflow?a=b&api_key=secret"},
        {"uri": "postgresql://h/db?user=me&Password=secret"},
        {"uri": "https://host/#token=secret"},
        {"uri": "http://host/a;token=secret"},
    ],
)
def test_credentials_are_refused_and_not_shown(tracking: Any) -> None:
    assert "secret" not in message(tracking=tracking)
    assert "(tracking" in message(tracking=tracking)


def test_the_uri_of_the_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert StudySpec().tracking.uri == "sqlite:///mlflow.db"
    without, identity = StudySpec().model_dump(), StudySpec().digest()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow:5000")
    assert StudySpec().tracking.uri == "http://mlflow:5000"
    assert StudySpec(tracking={"experiment": "digits"}).tracking.uri == "http://mlflow:5000"
    assert StudySpec(tracking={"uri": "sqlite:///a.db"}).tracking.uri == "sqlite:///a.db"
    assert StudySpec(**without).tracking.uri == "sqlite:///mlflow.db", "what a ledger holds stays"
    assert StudySpec().digest() == identity
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    assert StudySpec().tracking.uri == "sqlite:///mlflow.db"


@pytest.mark.parametrize("uri", ["https://me:hunter2@host", "https://host?token=hunter2"])
def test_the_uri_of_the_environment_holds_no_credentials(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    for sections in ({}, {"tracking": {"experiment": "digits"}}):
        refused = message(**sections)
        assert "must not hold credentials, as MLFLOW_TRACKING_URI does; set MLFLOW_" in refused
        assert "hunter2" not in refused
    assert StudySpec(tracking={"uri": "sqlite:///a.db"}).tracking.uri == "sqlite:///a.db"


@pytest.mark.parametrize(
    "uri",
    [
        "http://host:5000",
        "http://host?team=a",
        "postgresql://me@h/db?sslmode=require&sslkey=me.pem",
        "databricks",
        "./mlruns",
    ],
)
def test_uris_without_a_secret_pass(uri: str) -> None:
    assert StudySpec(tracking={"uri": uri}).tracking.uri == uri
