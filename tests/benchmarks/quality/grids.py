"""The two grids of 200 configurations that searches are measured on: digits and MNIST images.

What a pruner is given was settled before anything was recorded, and is the same for both.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sparktune.spec import StudySpec, parse_spec

MNIST = Path(__file__).resolve().parents[4] / "shared" / "data" / "mnist10k"
MAX_EPOCHS = 27
SPACE = {
    "neurons": [16, 32, 64, 128, 256],
    "optimizer": ["adam", "momentum"],
    "learning_rate": [0.0003, 0.001, 0.003, 0.01, 0.03],
    "batch_size": [32, 64, 128, 256],
}
PRUNERS: dict[str, dict[str, Any]] = {
    "top": {"pruner": "top", "min_epochs": 1, "keep": 3, "max_epochs": MAX_EPOCHS},
    "asha": {"pruner": "asha", "min_epochs": 1, "reduction": 3, "max_epochs": MAX_EPOCHS},
}
PAIRS = ("grid+top", "tpe+asha", "random+asha", "tpe", "random")


@dataclass(frozen=True)
class Grid:
    """Rows to train on; `validation_rows` decide, so that one of them is the smallest difference there is."""

    name: str
    data: dict[str, Any]
    validation_rows: int

    def study(self, pair: str = "grid", seed: int = 1, folder: Path | str = "studies") -> StudySpec:
        """The study of a sampler, or of a sampler and a pruner: `tpe+asha` say."""
        sampler, _, pruner = pair.partition("+")
        search: dict[str, Any] = {"sampler": sampler, "space": SPACE, "trials": 200}
        search |= PRUNERS[pruner] if pruner else {"max_epochs": MAX_EPOCHS}
        return parse_spec(
            {
                "study": {"name": f"{self.name}-{pair.replace('+', '-')}", "seed": seed},
                "data": self.data,
                "model": {"kind": "mlp", "layers": 1},
                "search": search,
                "objective": {"metric": "val_accuracy"},
                "output": {"directory": str(folder)},
            }
        )


GRIDS = {
    grid.name: grid
    for grid in (
        Grid("digits", {"source": "digits", "scale": 16, "validation": {"fraction": 0.2}}, 359),
        Grid(
            "mnist", {"source": "idx", "path": str(MNIST), "scale": 255, "validation": {"last": 2000}}, 2000
        ),
    )
}
