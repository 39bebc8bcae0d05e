"""Ray Tune: the data in the object store, one CPU a trial, actors (and their TensorFlow) reused."""

from pathlib import Path
from typing import Any

import ray
from grid import SLOTS, SPACE, Split, hand_in, load, train
from ray import tune


def trainable(config: dict[str, Any], data: tuple[Split, Split]) -> None:
    tune.report({"val_accuracy": train(config, data)})


ray.init(num_cpus=SLOTS, include_dashboard=False, logging_level="ERROR")
tuner = tune.Tuner(
    tune.with_resources(tune.with_parameters(trainable, data=load()), {"cpu": 1}),
    param_space={name: tune.grid_search(values) for name, values in SPACE.items()},
    tune_config=tune.TuneConfig(
        metric="val_accuracy", mode="max", max_concurrent_trials=SLOTS, reuse_actors=True
    ),
    run_config=tune.RunConfig(storage_path=str(Path("ray_results").resolve()), verbose=0),
)
hand_in([result.metrics["val_accuracy"] for result in tuner.fit() if result.metrics])
