"""Which trials share graphs."""

from sparktune.training.graph_key import graph_key


def test_keys_differ_by_what_decides_a_graph() -> None:
    base = {"neurons": 8, "learning_rate": 0.1, "dropout": 0.2, "epochs": 3, "initializer": "zeros"}
    assert graph_key(base) == graph_key(
        {**base, "learning_rate": 0.3, "dropout": 0.5, "epochs": 9, "initializer": "he_normal"}
    )
    assert graph_key(base) != graph_key({**base, "neurons": 9})
    assert graph_key(base) != graph_key({**base, "dropout": 0.0})
