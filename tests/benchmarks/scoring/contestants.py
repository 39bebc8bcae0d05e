"""The ways to score a table that bench_scoring.py compares: each a query of the session's tables.

`python contestants.py FOLDER PART ROWS REPEATS` prints CPU microseconds a row as a JSON object.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
from material import COLUMNS, IMAGE_SHARE
from processes import tree_cpu

Queries = dict[str, Callable[[], Any]]
ENGINES = ("numpy", "keras", "onnx")
BATCH = 10_000  # rows of a batch, as Spark makes them
RIVAL_ROUNDS = 2


def open_session() -> Any:
    """Two local slots, as Spark is without further settings."""
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def of_table(spark: Any, folder: Path) -> Queries:
    """20 columns through 20-64-1: the bare scan, and each engine as SQL function and in bulk."""
    import sparktune
    from sparktune.scoring.bulk import scored_in_one_pass

    table = spark.read.parquet(str(folder / "table.parquet"))
    table.createOrReplaceTempView("t")
    queries: Queries = {"scan": lambda: table}
    for engine in ENGINES:
        bundle = sparktune.load(folder / "small", engine=engine)
        sparktune.register(spark, bundle, f"by_{engine}")
        call = f"SELECT by_{engine}({', '.join(COLUMNS)}) AS p FROM t"
        queries[f"SQL {engine}"] = lambda call=call: spark.sql(call)  # type: ignore[misc]
        queries[f"bulk {engine}"] = lambda bundle=bundle: scored_in_one_pass(bundle, table, COLUMNS, [])  # type: ignore[misc]
    return queries


def of_images(spark: Any, folder: Path) -> Queries:
    """784 numbers through 784-100-75-10, as an array and as bytes."""
    import sparktune

    spark.read.parquet(str(folder / "images.parquet")).createOrReplaceTempView("images")
    columns = ("pixels", "packed")
    queries: Queries = {f"{column} scan": _selected(spark, column, "images") for column in columns}
    for engine in ENGINES:
        sparktune.register(spark, sparktune.load(folder / "digits", engine=engine), f"digit_by_{engine}")
        for column in columns:
            queries[f"{column} {engine}"] = _selected(spark, f"digit_by_{engine}({column})", "images")
    return queries


def of_raw_columns(spark: Any, folder: Path) -> Queries:
    """30 columns of numbers, words, dates and bools, with nulls, through the encoders and a small network."""
    import sparktune

    table = spark.read.parquet(str(folder / "raw.parquet")).drop("left")
    table.createOrReplaceTempView("raw")
    queries: Queries = {"raw scan": lambda: table}
    for engine in ("numpy", "keras"):
        sparktune.register(spark, sparktune.load(folder / "raw", engine=engine), f"raw_by_{engine}")
        queries[f"raw SQL {engine}"] = _selected(spark, f"raw_by_{engine}({', '.join(table.columns)})", "raw")
    return queries


def encoding_alone(folder: Path) -> float:
    """CPU seconds that the raw table's columns take to become numbers, in batches as Spark sends them."""
    import numpy as np
    import pyarrow.parquet as pq

    import sparktune
    from sparktune.columns.inputs import side_by_side

    features = sparktune.load(folder / "raw").schema.features
    table = pq.read_table(folder / "raw.parquet", columns=[feature.name for feature in features])
    batches = table.combine_chunks().to_batches(BATCH)
    started = time.process_time()
    for batch in batches:
        side_by_side(batch.columns, features, np.dtype("f4"))
    return time.process_time() - started


def rivals(spark: Any, folder: Path, rows: int) -> Queries:
    """MLflow's UDF of its own Keras model, a pandas UDF around `predict`, and Spark's `predict_batch_udf`."""
    import mlflow
    import numpy as np
    from pyspark.ml.functions import predict_batch_udf
    from pyspark.sql.functions import array, pandas_udf
    from pyspark.sql.types import FloatType

    table = spark.read.parquet(str(folder / "table.parquet")).limit(rows).repartition(2).cache()
    table.count()
    model = str(folder / "mlflow")
    by_mlflow = mlflow.pyfunc.spark_udf(spark, model, result_type="float", env_manager="local")
    file = str(folder / "small.keras")

    @pandas_udf("float")  # type: ignore[call-overload]
    def by_predict(*columns: pd.Series) -> pd.Series:
        model = loaded(file)
        return pd.Series(model.predict(np.stack(columns, axis=1), verbose=0)[:, 0])

    def make() -> Any:
        model = loaded(file)
        return lambda inputs: model.predict(inputs, verbose=0)

    batched = predict_batch_udf(make, return_type=FloatType(), batch_size=10_000, input_tensor_shapes=[[20]])
    return {
        "scan of the rivals' rows": lambda: table,
        "mlflow.pyfunc.spark_udf": lambda: table.select(by_mlflow(array(*COLUMNS))),
        "pandas_udf around predict": lambda: table.select(by_predict(*COLUMNS)),
        "predict_batch_udf": lambda: table.select(batched(array(*COLUMNS))),
    }


_MODELS: dict[str, Any] = {}


def loaded(file: str) -> Any:
    """A Keras model, loaded once in a worker."""
    if file not in _MODELS:
        import keras

        _MODELS[file] = keras.models.load_model(file)
    return _MODELS[file]


def _selected(spark: Any, call: str, view: str) -> Callable[[], Any]:
    return lambda: spark.sql(f"SELECT {call} AS p FROM {view}")


def seconds(query: Callable[[], Any]) -> float:
    """CPU seconds of this process, its JVM and all workers while a query runs."""
    before = tree_cpu(os.getpid())
    query().write.format("noop").mode("overwrite").save()
    return tree_cpu(os.getpid()) - before


def medians(queries: Queries, repeats: int) -> dict[str, float]:
    """CPU seconds of each query, all in turn; the first round does not count."""
    rounds = [{name: seconds(query) for name, query in queries.items()} for _ in range(repeats + 1)]
    return {name: statistics.median(each[name] for each in rounds[1:]) for name in queries}


def main(folder: Path, part: str, rows: int, repeats: int) -> None:
    """Measure a part in one session."""
    spark = open_session()
    if part == "table":
        found = medians(of_table(spark, folder), repeats)
    elif part == "images":
        found, rows = medians(of_images(spark, folder), repeats), rows // IMAGE_SHARE
    elif part == "raw":
        found = medians(of_raw_columns(spark, folder), repeats)
        found["raw encoding alone"] = statistics.median(encoding_alone(folder) for _ in range(3))
    else:
        found = medians(rivals(spark, folder, rows), min(repeats, RIVAL_ROUNDS))
    print(json.dumps({name: cpu / rows * 1e6 for name, cpu in found.items()}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
