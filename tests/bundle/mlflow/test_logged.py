"""A bundle is logged once, whatever broke off, with its metrics and its description."""

import pytest
from mlflow import MlflowClient

from sparktune.bundle import Bundle, load_bundle, log_bundle
from tests.bundle.mlflow.stores import Store


@pytest.mark.parametrize("step", ["log_outputs", "log_model_artifacts", "finalize_logged_model"])
def test_an_upload_that_broke_off_is_completed(
    store: Store, bundles: dict[str, Bundle], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    run, real, calls = store.run(), getattr(MlflowClient, step), []

    def answer_lost(*arguments: object) -> None:
        calls.append(step)
        real(*arguments)
        raise TimeoutError("timed out")

    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, step, answer_lost)
        with pytest.raises(TimeoutError):
            log_bundle(bundles["binary"], store.uri, run)
    assert calls == [step]  # a server that hangs is not asked again
    uri = log_bundle(bundles["binary"], store.uri, run)
    (model,) = [m for m in store.client.search_logged_models([store.experiment]) if m.source_run_id == run]
    assert model.status == "READY"
    assert [m.model_id for m in store.client.get_run(run).outputs.model_outputs] == [model.model_id]
    assert load_bundle(uri, store.uri).manifest == bundles["binary"].manifest


def test_a_model_of_an_earlier_version_gets_what_it_lacks(store: Store, bundles: dict[str, Bundle]) -> None:
    run = store.run()
    log_bundle(bundles["regression"], store.uri, run)
    (model,) = [m for m in store.client.search_logged_models([store.experiment]) if m.source_run_id == run]
    store.client.delete_logged_model_tag(model.model_id, "mlflow.note.content")
    trial = store.run()
    for _ in range(2):
        log_bundle(bundles["regression"], store.uri, run, "early", metrics={"loss": 0.5}, trial_run_id=trial)
    model = store.client.get_logged_model(model.model_id)
    assert "Predicts `label`" in model.tags["mlflow.note.content"]
    assert [(m.key, m.run_id) for m in model.metrics] == [("loss", trial)]
    assert [m.model_id for m in store.client.get_run(trial).outputs.model_outputs] == [model.model_id]
    (version,) = store.client.search_model_versions("name = 'early'")
    assert version.run_id == trial
