"""Models that train side by side."""

import numpy as np

from sparktune.data.dataset import Dataset
from sparktune.training import build_model
from sparktune.training.batching.fused_training import FusedTraining, common_graph_design
from sparktune.training.callback_driver import CallbackDriver
from sparktune.training.compiling import compile_for_training
from sparktune.training.epochs import FitConfig


def test_the_models_stay_as_they_are_and_their_weights_are_told(line: Dataset, spec_of):
    spec = spec_of(training={"batch_size": 6, "optimizer": "sgd", "learning_rate": 0.1})
    models = [build_model(spec.model, line.schema) for _ in range(2)]
    for model in models:
        compile_for_training(model, spec.training, line.schema, len(line.train))
    before = [model.get_weights() for model in models]
    configs = [FitConfig(epochs, 6, 6, seed=1) for epochs in (1, 2)]
    rows = line.train
    design = common_graph_design(models, configs, rows)
    training = FusedTraining(design, models, rows, rows, configs)
    told = [weights() for weights in training.weights_of_each()]
    drivers = [
        CallbackDriver(model, config.epochs, 1, []) for model, config in zip(models, configs, strict=True)
    ]
    training.run(drivers)
    for model, own, first, weights in zip(models, before, told, training.weights_of_each(), strict=True):
        for now, then, shown, trained in zip(model.get_weights(), own, first, weights(), strict=True):
            np.testing.assert_array_equal(now, then)
            np.testing.assert_array_equal(now, shown)
            assert trained.shape == now.shape
        assert any((a != b).any() for a, b in zip(own, weights(), strict=True))
    assert [len(model.history.history["val_loss"]) for model in models] == [1, 2]
