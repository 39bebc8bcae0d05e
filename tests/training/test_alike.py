"""Which trials are alike."""

from sparktune.training.alike import design


def test_designs_differ_by_what_decides_a_graph() -> None:
    base = {"neurons": 8, "learning_rate": 0.1, "dropout": 0.2, "epochs": 3}
    assert design(base) == design({**base, "learning_rate": 0.3, "dropout": 0.5, "epochs": 9})
    assert design(base) != design({**base, "neurons": 9})
    assert design(base) != design({**base, "dropout": 0.0})
