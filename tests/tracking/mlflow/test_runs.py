"""The own run of a study exists once, whoever wrote it before, in a database and through a server."""

from mlflow import MlflowClient

from sparktune.trial import Trial
from tests.tracking.studies import complete, entries_of, runs_of, shown, summary_of


def test_a_study_that_is_continued_keeps_its_run(uri: str) -> None:
    first, second = (runs_of(uri, "continued") for _ in range(2))
    assert first.study == second.study == shown(uri, "continued").study.info.run_id


def test_a_finished_study_that_goes_on_keeps_the_curves_of_one_trial(uri: str) -> None:
    entries, study_id = entries_of("further"), "further"
    for best in (complete(0), complete(1), complete(1)):
        runs = runs_of(uri, study_id)
        runs.finish_study(entries.finish("FINISHED", summary_of([best]), 1_000, 9_000 + best.trial, [best]))
    own, client = shown(uri, study_id).study, MlflowClient(tracking_uri=uri)
    curve = [(p.step, p.value) for p in client.get_metric_history(own.info.run_id, "val_accuracy")]
    assert curve == [(1, 0.5), (2, 0.7), (3, 0.8)]
    assert own.data.tags["sparktune.curves"] == "0"
    assert own.data.metrics["best_value"] == 0.81
    client.delete_tag(own.info.run_id, "sparktune.curves")  # as earlier versions left it
    runs.finish_study(entries.finish("FINISHED", summary_of([best]), 1_000, 9_500, [best]))
    assert len(client.get_metric_history(own.info.run_id, "val_accuracy")) == 3


def test_what_still_runs_at_the_end_was_killed(uri: str) -> None:
    entries, runs = entries_of("left"), runs_of(uri, "left")
    runs.trials.write([entries.launch(Trial("digits", number, {}, 1), 1_000) for number in range(2)])
    runs.trials.write([entries.result(complete(0), 9_000, 1_000)])
    runs.finish_study(entries.finish("KILLED", None, 1_000, 9_500))
    seen = shown(uri, "left")
    assert [seen.trials[number].info.status for number in range(2)] == ["FINISHED", "KILLED"]
    assert (seen.study.info.status, seen.study.info.end_time) == ("KILLED", 9_500)
