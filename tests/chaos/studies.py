"""The studies that are disturbed: two classes on a line, with a segment for each epoch."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from sparktune.data import load_dataset
from sparktune.data.host import share
from sparktune.launch import LocalLauncher
from sparktune.ledger import Ledger
from sparktune.search import build_sampler
from sparktune.spec import load_spec
from sparktune.training import resolve_objective
from sparktune.trial import Segment, Trial, TrialReport, TrialResult, TrialState, seed_of

EPOCHS = 4
SPACE = {"neurons": [2, 4], "learning_rate": [0.01, 0.1]}


def data() -> tuple[np.ndarray, np.ndarray]:
    """x (120, 3) float32 and whether its first column is positive."""
    x = np.random.default_rng(0).normal(size=(120, 3)).astype("float32")
    return x, (x[:, 0] > 0).astype("int32")


def document(folder: Path, **sections: Any) -> dict[str, Any]:
    """A study of four trials whose files lie below `folder`; `sections` replace those of the default."""
    return {
        "study": {"name": "small", "seed": 1},
        "data": {"validation": {"fraction": 0.25}, "test": {"fraction": 0.2}, "scale": "standardize"},
        "model": {"kind": "mlp", "dropout": 0.2},
        "search": {"space": SPACE},
        "training": {"epochs": EPOCHS, "batch_size": 8},
        "resources": {"segment_seconds": 1e-6},
        "tracking": {"uri": f"sqlite:///{folder}/mlflow.db"},
        "output": {"directory": str(folder / "studies")},
        **sections,
    }


def write_study(folder: Path, **sections: Any) -> Path:
    """The file of such a study."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "study.yaml"  # JSON is YAML
    path.write_text(json.dumps(document(folder, **sections)))
    return path


def study_of(config: Path) -> Path:
    """The directory of the study in this file."""
    return config.parent / "studies" / "small"


def events(config: Path, kind: str) -> list[dict[str, Any]]:
    """The lines of this kind in the study's ledger, whose last line may be unfinished."""
    path = study_of(config) / "ledger.jsonl"
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    mark = f'"event": "{kind}"'.encode()
    return [json.loads(line) for line in lines if mark in line]


def segments_recorded(config: Path) -> list[tuple[int, int]]:
    """Trial and number of epochs of each segment that has returned, in their order."""
    found = [event["result"] for kind in ("paused", "result") for event in events(config, kind)]
    return [(result["trial"], max(map(len, result["history"].values()), default=0)) for result in found]


def under_way_at_launch(config: Path) -> list[int]:
    """For each trial, in the order of their launches: how many were under way then, itself among them."""
    path, under_way, known, numbers = study_of(config) / "ledger.jsonl", set[int](), set[int](), list[int]()
    for line in path.read_bytes().split(b"\n")[:-1]:
        event = json.loads(line)
        if event.get("event") == "launched":
            under_way.add(event["trial"])
            if event["trial"] not in known:
                numbers.append(len(under_way))
            known.add(event["trial"])
        elif event.get("event") in ("paused", "result"):
            under_way.discard(event["result"]["trial"])
    return numbers


def assert_recorded_once(config: Path, trials: int) -> None:
    """One terminal record for each trial; nothing was launched that was over, and no checkpoint is left."""
    results = [event["result"]["trial"] for event in events(config, "result")]
    assert sorted(results) == list(range(trials))
    over: set[int] = set()
    for line in (study_of(config) / "ledger.jsonl").read_text().splitlines():
        event = json.loads(line)
        if event.get("event") == "result":
            over.add(event["result"]["trial"])
        if event.get("event") == "launched":
            assert event["trial"] not in over
    assert not (study_of(config) / "checkpoints").exists()


def assert_no_epoch_twice(config: Path) -> None:
    """No segment was recorded a second time."""
    paused = [(event["result"]["trial"], event["start"]) for event in events(config, "paused")]
    assert len(paused) == len(set(paused))


def assert_same(config: Path, other: Path) -> None:
    """Two studies have the same states, values and histories, bit for bit, and the same best trial."""
    one, two = Ledger.read(study_of(config)), Ledger.read(study_of(other))
    assert one.results.keys() == two.results.keys()
    for number, result in one.results.items():
        expected = two.results[number]
        assert result.params == expected.params
        assert (result.state, result.value, result.epoch) == (
            expected.state,
            expected.value,
            expected.epoch,
        ), number
        assert result.history == expected.history, number
    assert one.best is not None and two.best is not None
    assert one.best.trial == two.best.trial


def assert_shown_once(config: Path, trials: int) -> None:
    """MLflow has one run for the study and one for each trial, and none that seems to run."""
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{config.parent}/mlflow.db")
    (experiment,) = [e for e in client.search_experiments() if e.name == "small"]
    runs = client.search_runs([experiment.experiment_id], max_results=1000)
    assert len(runs) == 1 + trials
    assert not [run.info.run_id for run in runs if run.info.status == "RUNNING"]
    numbers = [run.data.tags.get("sparktune.trial") for run in runs]
    assert len(set(numbers)) == 1 + trials


def assert_replayed(config: Path) -> None:
    """A sampler that is asked and told in the ledger's order proposes exactly what was launched."""
    ledger, spec = Ledger.read(study_of(config)), load_spec(config)
    sampler = build_sampler(spec)
    sampler.set_objective(resolve_objective(spec, load_dataset(spec, data()).schema))
    for event in ledger.sequence:
        match event:
            case TrialResult():
                sampler.tell(event)
            case TrialReport():
                sampler.report(event)
            case (number, params):
                assert sampler.ask(number) == params, number


def assert_as_trained_alone(config: Path) -> None:
    """Each trial's history is that of the same trial trained in one go, as far as it got."""
    spec = load_spec(config)
    with closing(share(load_dataset(spec, data()))) as shared, LocalLauncher() as launcher:
        launcher.start(spec, shared)
        results = Ledger.read(study_of(config)).results.values()
        trials = [Trial("alone", r.trial, r.params, seed_of(spec.study.seed, r.params)) for r in results]
        futures = [launcher.launch([Segment(trial)])[0] for trial in trials]
        for result, future in zip(results, futures, strict=True):
            alone = future.result().history
            assert result.history == {name: alone[name][: result.epochs] for name in result.history}


def assert_none_failed(config: Path) -> None:
    """No trial ended without a value, but for those that a pruner has ended."""
    states = {result.state for result in Ledger.read(study_of(config)).results.values()}
    assert states <= {TrialState.COMPLETE, TrialState.PRUNED}
