"""What bench_scoring.py scores: three tables, a bundle for each, and MLflow's own Keras model of the first.

`python material.py FOLDER ROWS` writes them; how good the model of raw columns is, it prints as JSON.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from raw import write_raw

COLUMNS = [f"f{i}" for i in range(20)]
PIXELS = 784
IMAGE_SHARE = 10  # one image for so many rows of the table


def write_tables(folder: Path, rows: int) -> None:
    """`table.parquet`, 20 float columns, and `images.parquet`, 784 numbers as an array and as bytes."""
    random = np.random.default_rng(0)
    x = random.normal(size=(rows, len(COLUMNS))).astype("f4")
    table = pa.table({name: x[:, place] for place, name in enumerate(COLUMNS)})
    pq.write_table(table, folder / "table.parquet", row_group_size=rows // 8, use_dictionary=False)
    images = random.integers(0, 256, (rows // IMAGE_SHARE, PIXELS)).astype("f4")
    offsets = pa.array(np.arange(len(images) + 1, dtype="i4") * PIXELS)
    arrays = pa.ListArray.from_arrays(offsets, pa.array(images.reshape(-1)))
    packed = pa.array([image.tobytes() for image in images], pa.binary())
    pq.write_table(pa.table({"pixels": arrays, "packed": packed}), folder / "images.parquet", 5_000)


def write_models(folder: Path) -> None:
    """The bundles `small` (20-64-1) and `digits` (784-100-75-10), and `mlflow`, the first by MLflow."""
    import keras
    import mlflow
    from keras import layers

    from sparktune.bundle import Lineage, export_bundle
    from sparktune.columns.schema import Feature, Schema

    keras.utils.set_random_seed(1)
    offsets = np.random.default_rng(1).normal(size=20).tolist()
    small = keras.Sequential(
        [
            keras.Input((20,)),
            layers.Rescaling(1.0, offset=offsets),
            layers.Rescaling(0.5),
            layers.Dense(64, "relu"),
            layers.Dense(1, "sigmoid"),
        ]
    )
    digits = keras.Sequential(
        [
            keras.Input((PIXELS,)),
            layers.Rescaling(1 / 255),
            layers.Dense(100, "relu"),
            layers.Dense(75, "relu"),
            layers.Dense(10, "softmax"),
        ]
    )
    schemas = {
        "small": Schema(
            features=tuple(Feature(name=name) for name in COLUMNS),
            input_shape=(20,),
            task="binary",
            classes=(0, 1),
            outputs=1,
        ),
        "digits": Schema(
            features=(Feature(name="pixels", shape=(PIXELS,)),),
            input_shape=(PIXELS,),
            task="classes",
            classes=tuple(range(10)),
            outputs=10,
        ),
    }
    origin = {"study": "bench", "study_id": "bench", "trial": 0, "params": {}, "metric": "val_loss"}
    lineage = Lineage(**origin, direction="minimize", value=0.0, epoch=1, data_digest="0")  # type: ignore[arg-type]
    for name, model in (("small", small), ("digits", digits)):
        model.save(folder / f"{name}.keras")
        export_bundle(
            folder / f"{name}.keras", schemas[name], lineage, folder / name, ["numpy", "keras", "onnx"]
        )
    example = np.zeros((2, 20), "f4")
    signature = mlflow.models.infer_signature(example, small.predict(example, verbose=0))
    mlflow.keras.save_model(small, str(folder / "mlflow"), signature=signature)


if __name__ == "__main__":
    write_tables(Path(sys.argv[1]), int(sys.argv[2]))
    write_models(Path(sys.argv[1]))
    print(json.dumps(write_raw(Path(sys.argv[1]), int(sys.argv[2]))))
