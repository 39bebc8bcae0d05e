"""The ways to score a table that bench_scoring.py compares: each a query of the session's tables."""

import json
import os
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
from material import COLUMNS
from processes import tree_cpu

Queries = dict[str, Callable[[], Any]]
ENGINES = ("numpy", "keras", "onnx")


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
    queries: Queries = {}
    for engine in ENGINES:
        sparktune.register(spark, sparktune.load(folder / "digits", engine=engine), f"digit_by_{engine}")
        for column in ("pixels", "packed"):
            call = f"SELECT digit_by_{engine}({column}) AS p FROM images"
            queries[f"{column} {engine}"] = lambda call=call: spark.sql(call)  # type: ignore[misc]
    return queries


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
        "mlflow.pyfunc.spark_udf, MLflow's Keras flavour": lambda: table.select(by_mlflow(array(*COLUMNS))),
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


def seconds(query: Callable[[], Any]) -> float:
    """CPU seconds of this process, its JVM and all workers while a query runs."""
    before = tree_cpu(os.getpid())
    query().write.format("noop").mode("overwrite").save()
    return tree_cpu(os.getpid()) - before


def medians(queries: Queries, repeats: int) -> dict[str, float]:
    """CPU seconds of each query, all in turn; the first round does not count."""
    rounds = [{name: seconds(query) for name, query in queries.items()} for _ in range(repeats + 1)]
    return {name: statistics.median(each[name] for each in rounds[1:]) for name in queries}


def main(folder: Path, repeats: int, rival_rows: int) -> None:
    """Measure all in one session; a JSON object a part, of all so far, on standard output."""
    spark = open_session()
    found = medians(of_table(spark, folder), repeats)
    print(json.dumps(found), flush=True)
    found |= medians(of_images(spark, folder), repeats)
    print(json.dumps(found), flush=True)
    found |= medians(rivals(spark, folder, rival_rows), 2) if rival_rows else {}
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
