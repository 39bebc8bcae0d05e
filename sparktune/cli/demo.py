"""The demo: tune models on handwritten digits, then score the digits with the best one in SQL."""

import json
import os
import sys
from pathlib import Path
from shlex import quote

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from rich.table import Table

from sparktune.bundle import Bundle
from sparktune.cli.output import show
from sparktune.cli.tune import outcome, tune_with_progress
from sparktune.data import load_dataset
from sparktune.errors import InputError
from sparktune.launch import open_session
from sparktune.scoring import register
from sparktune.spec import StudySpec, load_spec
from sparktune.study import StudyResult
from sparktune.tracking.mlflow.view import runs_page

STUDY = """\
study: {{name: digits, seed: 1}}
data: {{source: digits, scale: 16, validation: {{fraction: 0.2}}, test: {{fraction: 0.1}}}}
model: {{kind: mlp, layers: 1}}
search:
  sampler: grid
  space:
    neurons: [16, 32, 64]
    learning_rate: [0.003, 0.01]
    batch_size: [32, 128]
training: {{epochs: 10, optimizer: adam}}
objective: {{metric: val_accuracy, direction: maximize}}
resources: {{launcher: spark, cpus: 1}}
tracking: {{uri: {uri}, experiment: digits, registered_model_name: digits}}
output: {{directory: {studies}}}
"""
QUERY = """\
SELECT label, count(*) AS images, avg(CAST(label = prediction AS INT)) AS correct
FROM (SELECT label, predict({feature}) AS prediction FROM digits)
GROUP BY label ORDER BY label"""


def run_demo(directory: Path) -> None:
    """Run the demo; all its files are below `directory`, and a second run there only scores again."""
    result = tune_with_progress(load_spec(write_study(directory)))
    show(*outcome(result))
    if result.bundle is not None:
        table = _digits_table(result.spec, directory)
        _score_in_sql(result.spec, result.bundle, table)
        _say_what_next(result, result.bundle, table)


def write_study(directory: Path) -> Path:
    """Write the demo's study file into a folder, which is made where there is none; gives the file.

    Raises:
        InputError: it cannot be written.
    """
    places = {"uri": f"sqlite:///{directory}/mlflow.db", "studies": f"{directory}/studies"}
    quoted = {name: json.dumps(place, ensure_ascii=False) for name, place in places.items()}
    config = directory / "digits.yaml"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        config.write_text(STUDY.format(**quoted), encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise InputError(f"--directory: cannot write {str(config)!r}: {error}; name another folder") from None
    return config


def _digits_table(spec: StudySpec, directory: Path) -> Path:
    """All digits as a Parquet file: the pixels as one array column, and the label."""
    data = load_dataset(spec)
    splits = [rows for rows in (data.train, data.validation, data.test) if rows is not None]
    pixels = np.concatenate([rows.x.reshape(len(rows), -1) for rows in splits])
    labels = np.concatenate([rows.y for rows in splits])
    target = directory.absolute() / "digits.parquet"  # Spark and Arrow take a relative a:b for a URI
    pq.write_table(pa.table({data.schema.features[0].name: list(pixels), "label": labels}), target)
    return target


def _score_in_sql(spec: StudySpec, bundle: Bundle, table: Path) -> None:
    """The best model as a SQL function, and its answers by digit."""
    spark = open_session(spec)  # as the study would, had it anything to train
    register(spark, bundle, "predict", output="label")
    spark.read.parquet(str(table)).createOrReplaceTempView("digits")
    query = QUERY.format(feature=bundle.schema.features[0].name)
    shown = Table(title="Scored in Spark SQL", title_justify="left")
    for name in ("digit", "images", "correct"):
        shown.add_column(name, justify="right")
    for row in spark.sql(query).collect():
        shown.add_row(str(row["label"]), str(row["images"]), f"{row['correct']:.1%}")
    show(query, shown)


def _say_what_next(result: StudyResult, bundle: Bundle, table: Path) -> None:
    """Print the commands that go on from here, with their folder where it is not on PATH."""
    folder = Path(sys.executable).parent
    tools = "" if str(folder) in os.get_exec_path() else f"{folder}{os.sep}"
    mlflow, outcome = result.outcome.mlflow, result.outcome
    page = runs_page(mlflow["experiment_id"], outcome.study_id) if mlflow else ""
    lines = [
        "What next:",
        f"  browse the runs    {tools}mlflow ui --backend-store-uri {quote(result.spec.tracking.uri)}",
        f"                     then open http://127.0.0.1:5000{page}",
        f"  score new rows     {tools}sparktune score --model {quote(str(bundle.path))} "
        f"--input {quote(str(table))} --output scored.parquet",
        f"  tune your own      {tools}sparktune init csv > study.yaml; edit it; "
        f"{tools}sparktune tune --config study.yaml",
        f"  look at the study  {result.directory / 'report.html'}",
    ]
    show(*lines)
