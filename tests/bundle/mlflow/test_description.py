"""What the pages of a model say."""

import pytest

from sparktune.bundle import Bundle
from sparktune.bundle.mlflow.description import description, what_it_predicts
from tests.bundle.models import SCHEMAS


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (
            "binary",
            "Predicts whether `label` is yes, from `f0`, `f1`, `f2`, `f3`, `f4`, `f5`, `f6`, ..., `f19`",
        ),
        ("classes", "Predicts `label`, 3 classes, from `pixels` (8 x 8 numbers)."),
        ("regression", "Predicts `label`, a number, from `a`, `b` (3 numbers)."),
    ],
)
def test_what_is_predicted_from_what(kind: str, sentence: str) -> None:
    assert what_it_predicts(SCHEMAS[kind]).startswith(sentence)


def test_where_it_comes_from_how_good_it_is_and_how_to_score(bundles: dict[str, Bundle]) -> None:
    text = description(bundles["regression"].manifest, {"test.loss": 0.123456}, "models:/rent@champion")
    for words in (
        "of study **digits**: trial 3 (neurons = 64, learning_rate = 0.01)",
        "In epoch 2: val_accuracy 0.96, test.loss 0.1235.",
        'sparktune.register(spark, "models:/rent@champion", "predict")',
        "SELECT predict(a, b) AS prediction FROM new_rows",
        "sparktune score --model models:/rent@champion",
        "mlflow.keras.load_model('models:/rent@champion')",
    ):
        assert words in text


def test_many_columns_are_given_as_one_struct(bundles: dict[str, Bundle]) -> None:
    text = description(bundles["binary"].manifest, {}, "models:/churn@champion")
    assert "SELECT predict_row(struct(*)) AS prediction FROM new_rows" in text
