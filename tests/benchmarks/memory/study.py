"""The search as a study: `source: npy`, two Spark workers."""

import os
from pathlib import Path

from training import BATCH, EPOCHS, NEURONS, RATES, VALIDATION_ROWS

from sparktune import tune

data = Path(os.environ["DATA"])
result = tune(
    {
        "study": {"name": "memory"},
        "data": {
            "source": "npy",
            "path": str(data / "x.npy"),
            "labels": str(data / "y.npy"),
            "validation": {"last": VALIDATION_ROWS},
        },
        "model": {"hidden": [NEURONS]},
        "search": {"space": {"learning_rate": RATES}},
        "training": {
            "epochs": EPOCHS,
            "batch_size": BATCH,
            "callbacks": [{"kind": "custom", "callback": "training:Mark"}],
        },
        "resources": {"parallelism": 2},
        "output": {"directory": str(Path(os.environ["MARKS"]).parent / "studies")},
    },
    offline=True,
)
if result.summary["states"] != {"COMPLETE": len(RATES)}:
    raise SystemExit(f"trials failed: {result.summary['states']} {result.trials}")
