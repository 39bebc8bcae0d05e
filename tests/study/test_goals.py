"""What a study measures and minimises: metrics by name, scaled labels, figures by class."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn.metrics as sk
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge

import sparktune
from sparktune.errors import DataError
from sparktune.ledger import Ledger

pytestmark = pytest.mark.usefixtures("fork_server")


def document(folder: Path, name: str, **sections: Any) -> dict[str, Any]:
    """A study whose files all lie below `folder`."""
    return {
        "study": {"name": name},
        "resources": {"launcher": "local", "parallelism": 2},
        "output": {"directory": str(folder / "studies")},
        **sections,
    }


def test_scaled_numbers_are_learned_and_predicted_in_their_own_units(tmp_path: Path) -> None:
    x, y = load_diabetes(return_X_y=True)
    data = {"scale": "standardize", "scale_label": True, "test": {"last": 100}}
    study = document(
        tmp_path,
        "diabetes",
        data=data,
        model={"kind": "linear"},
        training={"epochs": 30, "optimizer": "sgd", "metrics": ["r2", "rmse", "mape"]},
        search={"space": {"learning_rate": [0.001, 0.01]}},
        objective={"metric": "val_r2"},
    )
    result = sparktune.tune(study, data=(x.astype("float32"), y.astype("float32")), offline=True)
    assert result.bundle is not None and result.summary["test"] is not None
    assert {r.notes.engine for r in Ledger.read(result.directory).results.values()} == {"compiled"}
    assert "numpy" in result.bundle.manifest.engines
    predicted = result.bundle.predict(x[-100:].astype("float32"))[:, 0]
    assert result.summary["test"]["r2"] == pytest.approx(sk.r2_score(y[-100:], predicted), abs=1e-5)
    rmse = sk.root_mean_squared_error(y[-100:], predicted)
    assert result.summary["test"]["root_mean_squared_error"] == pytest.approx(rmse, rel=1e-5)
    assert result.summary["test"]["loss"] < 1 < rmse
    ridge = Ridge().fit(x[:-100], y[:-100]).score(x[-100:], y[-100:])
    assert result.summary["test"]["r2"] > ridge
    assert "classes" not in result.summary
    with pytest.raises(
        DataError, match=r"data\.scale_label needs numbers to predict, but .* has task binary"
    ):
        sparktune.tune({**study, "training": {}}, data=(x, (y > 100).astype(int)), offline=True)


def test_a_rare_class_counts_as_much_as_others_and_has_figures_of_its_own(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    y = (np.arange(400) % 10 == 0).astype("int32")
    x = (random.normal(size=(400, 2)) + 1.2 * y[:, None]).astype("float32")
    study = document(
        tmp_path,
        "rare",
        data={"class_names": ["no", "yes"], "test": {"fraction": 0.3}},
        model={"kind": "linear"},
        training={
            "epochs": 4,
            "learning_rate": 0.05,
            "metrics": ["accuracy", "f1", "balanced_accuracy", "pr_auc"],
        },
        search={"space": {"class_weight": [None, "balanced"]}},
        objective={"metric": "val_balanced_accuracy"},
    )
    result = sparktune.tune(study, data=(x, y), offline=True)
    assert result.best is not None and result.best.value is not None and result.best.value > 0.5
    no, yes = json.loads((result.directory / "summary.json").read_text())["classes"]
    assert (no["name"], yes["name"], no["rows"] + yes["rows"]) == ("no", "yes", 120)
    assert result.summary["test"] is not None
    assert yes["f1"] == pytest.approx(result.summary["test"]["f1"], abs=1e-6)
    balanced = (no["recall"] + yes["recall"]) / 2
    assert balanced == pytest.approx(result.summary["test"]["balanced_accuracy"], abs=1e-6)
