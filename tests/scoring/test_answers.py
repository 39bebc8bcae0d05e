"""A frame gets a column of answers, by the engine that is asked for."""

from typing import Any

import numpy as np
import pytest

from sparktune.bundle import Bundle
from sparktune.errors import ScoringError
from sparktune.scoring.answers import ANSWER, load_model, with_answer
from tests.bundle.models import inputs


def test_a_model_is_a_bundle_or_its_folder(bundles: dict[str, Bundle]) -> None:
    bundle = bundles["binary"]
    assert load_model(bundle) is bundle
    assert load_model(bundle.path, engine="keras").manifest.engine == "keras"
    with pytest.raises(ScoringError, match="nowhere"):
        load_model("nowhere")
    with pytest.raises(ScoringError, match="nothing"):
        load_model(bundle, engine="nothing")


@pytest.mark.parametrize("together", [False, True])
def test_the_columns_lie_side_by_side_or_in_one(
    spark: Any, bundles: dict[str, Bundle], together: bool
) -> None:
    bundle, x = bundles["binary"], inputs("binary", 3)
    names = ["all"] if together else [feature.name for feature in bundle.schema.features]
    rows = [(row,) if together else tuple(row) for row in x.astype(float).tolist()]
    kinds = "`all` array<double>" if together else ", ".join(f"{name} double" for name in names)
    found = with_answer(bundle, spark.createDataFrame(rows, kinds), names).collect()
    probability = [row[ANSWER].probability for row in found]
    np.testing.assert_allclose(probability, bundle.predict(x)[:, 0], atol=1e-6)
