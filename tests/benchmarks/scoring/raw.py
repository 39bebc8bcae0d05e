"""A table of 30 raw columns, a study of it, and gradient boosting beside it, for bench_scoring.py."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

TRAINED = 30_000  # rows of the study
WORDS = (3, 5, 10, 20, 50, 100, 300, 1000)  # different words of each column
DAYS = (18_000, 20_500)
SECONDS_A_DAY = 86_400


def raw_table(rows: int, seed: int) -> pa.Table:
    """Numbers, whole numbers, words, dates, times, bools and decimals; `left` follows from six of them."""
    random = np.random.default_rng(seed)
    columns: dict[str, Any] = {}
    numbers = random.normal(size=(10, rows))
    for place, column in enumerate(numbers):
        columns[f"number{place}"] = pa.array(column, mask=_some(random, rows, 0.1 * (place % 2)))
    wholes = random.integers(0, 100, (4, rows))
    columns |= {f"whole{place}": pa.array(column) for place, column in enumerate(wholes)}
    codes = [random.integers(0, levels, rows) for levels in WORDS]
    for place, (levels, column) in enumerate(zip(WORDS, codes, strict=True)):
        words = pa.array([f"word {number} of {place}" for number in range(levels)])
        columns[f"word{place}"] = words.take(pa.array(column, mask=_some(random, rows, 0.05)))
    for place in range(2):
        days = random.integers(*DAYS, rows).astype("i4")
        columns[f"day{place}"] = pa.array(days, mask=_some(random, rows, 0.05)).view(pa.date32())
        seconds = random.integers(*(day * SECONDS_A_DAY for day in DAYS), rows)
        columns[f"time{place}"] = pa.array(seconds * 1_000_000).view(pa.timestamp("us"))
        columns[f"flag{place}"] = pa.array(random.random(rows) < 0.3, mask=_some(random, rows, 0.05))
        columns[f"money{place}"] = pa.array(random.integers(0, 10**6, rows)).cast(pa.decimal128(21, 2))
    risk = numbers[0] + (codes[0] == 1) * 1.5 - (codes[2] < 3) + (wholes[0] > 60) * numbers[2]
    left = risk + random.normal(0, 0.3, rows) > 0.5
    return pa.table({**columns, "left": pa.array(["no", "yes"]).take(pa.array(left.astype("i4")))})


def _some(random: np.random.Generator, rows: int, share: float) -> np.ndarray:
    found: np.ndarray = random.random(rows) < share
    return found


def write_raw(folder: Path, rows: int) -> dict[str, float]:
    """Write `raw.parquet` and the bundle `raw`; accuracy of the study's best and of gradient boosting."""
    import sparktune

    pq.write_table(raw_table(rows, seed=1), folder / "raw.parquet", row_group_size=rows // 8)
    pq.write_table(raw_table(TRAINED, seed=0), folder / "train.parquet")
    spec = {
        "study": {"name": "raw"},
        "data": {"source": "parquet", "path": str(folder / "train.parquet"), "label": "left"},
        "training": {"epochs": 15, "batch_size": 64},
        "search": {"space": {"learning_rate": [0.003, 0.001]}},
        "resources": {"launcher": "local", "parallelism": 1},
        "output": {"directory": str(folder / "studies")},
    }
    result = sparktune.tune(spec, offline=True)
    assert result.bundle is not None and result.best is not None
    shutil.copytree(result.bundle.path, folder / "raw")
    best = result.best.value
    return {"accuracy, raw table": best, "accuracy, gradient boosting": _gradient_boosting(spec)}


def _gradient_boosting(spec: dict[str, Any]) -> float:
    from sklearn.ensemble import HistGradientBoostingClassifier

    from sparktune.columns.schema import places_of
    from sparktune.data import load_dataset
    from sparktune.spec import parse_spec

    data = load_dataset(parse_spec({"data": spec["data"]}))
    features = data.schema.features
    places = zip(features, places_of(features), strict=True)
    codes = [place.start for feature, place in places if feature.encoder and feature.encoder.codes]
    trees = HistGradientBoostingClassifier(categorical_features=codes).fit(data.train.x, data.train.y)
    return float(trees.score(data.validation.x, data.validation.y))
