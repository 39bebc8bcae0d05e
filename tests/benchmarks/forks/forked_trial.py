"""A worker that trains one tiny model: `python -m forked_trial ASKED`, ASKED in seconds since 1970."""

import json
import sys

import numpy as np
from first_step import private_mb, reached

from sparktune.data import Dataset, Feature, Rows, Schema
from sparktune.spec import parse_spec
from sparktune.training import run_trial
from sparktune.trial import Trial, TrialState


def main(asked: float) -> None:
    """Train, then print what it cost."""
    x = np.random.default_rng(0).random((256, 8), np.float32)
    rows = Rows(x, (x[:, 0] > 0.5).astype(np.int32))
    schema = Schema(
        features=(Feature(name="x", shape=(8,)),), input_shape=(8,), task="classes", classes=(0, 1), outputs=2
    )
    spec = parse_spec(
        {
            "search": {"space": {"neurons": [4]}},
            "training": {"epochs": 2, "callbacks": [{"kind": "custom", "callback": "first_step:FirstStep"}]},
        }
    )
    trial = Trial(study="forks", number=0, params={"neurons": 4}, seed=1)
    result = run_trial(trial, spec, Dataset(rows, rows, None, schema, "forks"))
    if result.state is not TrialState.COMPLETE:
        sys.exit(f"the trial is {result.state}: {result.error}")
    cost = {
        "first_step": reached["time"] - asked,
        "cpu_first_step": reached["cpu"],
        "private_first_step": reached["private_mb"],
        "private_end": private_mb(),
        "notes": result.notes.to_record(),
    }
    print(json.dumps(cost))


if __name__ == "__main__":
    main(float(sys.argv[1]))
