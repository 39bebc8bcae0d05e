import logging
from dataclasses import replace

from sparktune.data.dataset import Dataset, Rows
from sparktune.training import run_trial
from sparktune.training.engine.blocks import Blocks


def test_graphs_are_drawn_once_a_design_and_nobody_warns(
    blobs: Dataset, spec_of, trial_of, monkeypatch, caplog
):
    drawn = []
    results = Blocks.results
    monkeypatch.setattr(Blocks, "results", lambda self, *args: drawn.append(args) or results(self, *args))
    data = replace(blobs, train=Rows(blobs.train.x[:40], blobs.train.y[:40]))
    spec = spec_of({"neurons": [1, 99]}, training={"epochs": 1})
    with caplog.at_level(logging.WARNING):
        for neurons in (21, 22, 23, 24, 25, 26):
            assert run_trial(trial_of(neurons=neurons), spec, data).notes.engine == "compiled"
        assert len(drawn) == 12  # training and validation of each
        run_trial(trial_of(neurons=23, seed=9), spec, data)
    assert len(drawn) == 12
    assert not [r for r in caplog.records if "retracing" in r.getMessage()]
