"""What it costs to score a table in Spark, by sparktune and by others: CPU of the JVM and of Python together.

One session runs all contestants in turn, so that they are compared under the same load; the first query of a
session and `sparktune score` are measured in processes of their own. Bars are ratios of one run.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from machine import describe
from processes import measure
from tables import Cell, publish, table

HERE = Path(__file__).parent
PARTS = HERE / "scoring"
ROOT = HERE.parents[1]
MLFLOW = "mlflow.pyfunc.spark_udf, MLflow's Keras flavour"
MIB = {"numpy": 120, "onnx": 200}


def main() -> None:
    """Run the parts, print the tables."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="bench-scoring-") as place:
        folder = Path(place)
        _python("material.py", folder, options.rows)
        warm = _answer("contestants.py", folder, options.repeats, options.rival_rows)
        first = {engine: _answer("first.py", folder, engine) for engine in ("numpy", "keras", "onnx")}
        checkouts = {"this": ROOT, **({"before": options.before} if options.before else {})}
        whole = {
            name: statistics.median(_score(folder, root) for _ in range(options.whole_repeats))
            for name, root in checkouts.items()
        }
    body = "\n\n".join([_warm_table(warm, options), _ratios(warm, options), _first_table(first, whole)])
    publish("Scoring", describe(), body, options.markdown)


def _options() -> Any:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the table")
    parser.add_argument("--repeats", type=int, default=5, help="rounds that count; medians are shown")
    parser.add_argument("--rival-rows", type=int, default=100_000, help="rows that the others score; 0: none")
    parser.add_argument("--whole-repeats", type=int, default=1, help="runs of `sparktune score`")
    parser.add_argument("--before", type=Path, help="another checkout, whose `sparktune score` runs too")
    parser.add_argument("--markdown", type=Path, help="a file for the tables")
    return parser.parse_args()


def _python(script: str, *arguments: object, root: Path = ROOT) -> str:
    """Run a part; what it prints."""
    paths = os.pathsep.join(map(str, (root, HERE, PARTS)))
    environment = {**os.environ, "PYTHONPATH": paths, "PYSPARK_PYTHON": sys.executable}
    command = [sys.executable, str(PARTS / script), *map(str, arguments)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def _answer(script: str, *arguments: object) -> dict[str, float]:
    found: dict[str, float] = json.loads(_python(script, *arguments).splitlines()[-1])
    return found


def _score(folder: Path, root: Path) -> float:
    """CPU seconds of `sparktune score` as a whole, on the checkout at `root`."""
    target = tempfile.mkdtemp(dir=folder)
    command = [sys.executable, "-m", "sparktune", "score", "--overwrite", "--model", str(folder / "small")]
    command += ["--input", str(folder / "table.parquet"), "--output", f"{target}/scored.parquet"]
    if root != ROOT:  # a bundle that it can read
        command[command.index(str(folder / "small"))] = str(_by_keras(folder, root))
    environment = {**os.environ, "PYTHONPATH": str(root)}
    found = measure(command, folder, environment, Path(target) / "log", timeout=600)
    assert found.code == 0, (Path(target) / "log").read_text()
    return found.cpu


def _by_keras(folder: Path, root: Path) -> Path:
    """The same model as a bundle that the other checkout has made."""
    code = """
import json, sys
from pathlib import Path
from sparktune.bundle import Lineage, export_bundle
from sparktune.columns.schema import Schema
folder = Path(sys.argv[1])
known = json.loads((folder / "small" / "manifest.json").read_text())
schema, lineage = Schema.model_validate(known["schema"]), Lineage.model_validate(known["lineage"])
export_bundle(folder / "small.keras", schema, lineage, folder / "before", ["keras"])
"""
    if not (folder / "before").exists():
        environment = {**os.environ, "PYTHONPATH": str(root)}
        subprocess.run([sys.executable, "-c", code, str(folder)], env=environment, check=True)
    return folder / "before"


def _warm_table(warm: dict[str, float], options: Any) -> str:
    scan = warm["scan"] / options.rows
    rows: list[list[Cell]] = []
    for name, cpu in warm.items():
        count = options.rows
        if name.startswith(("pixels", "packed")):
            count //= 25
        elif name == MLFLOW or "rivals" in name or "predict" in name:
            count = options.rival_rows
        rows.append([name, cpu / count * 1e6, cpu / count / scan])
    return table(["warm", "CPU us a row", "of the scan"], rows)


def _ratios(warm: dict[str, float], options: Any) -> str:
    bars: list[tuple[str, float, str]] = [
        ("SQL, numpy against keras", warm["SQL numpy"] / warm["SQL keras"], "at most 1.0"),
        ("bulk against the scan", warm["bulk numpy"] / warm["scan"], "at most 1.8"),
        ("array of 784, numpy against keras", warm["pixels numpy"] / warm["pixels keras"], "at most 1.0"),
        ("bytes of 784, numpy against keras", warm["packed numpy"] / warm["packed keras"], "at most 0.7"),
    ]
    if options.rival_rows:
        rival = warm[MLFLOW] / options.rival_rows
        bars += [
            ("MLflow against SQL", rival / (warm["SQL numpy"] / options.rows), "at least 20"),
            ("MLflow against bulk", rival / (warm["bulk numpy"] / options.rows), "at least 25"),
        ]
    return table(["ratio", "found", "bar"], bars)


def _first_table(first: dict[str, dict[str, float]], whole: dict[str, float]) -> str:
    rows: list[list[Cell]] = []
    for engine, found in first.items():
        bar = "at most 3.5" if engine == "numpy" else "-"
        rows.append([f"first query, {engine}: CPU seconds", found["first query"], bar])
        rows.append([f"worker, {engine}: MiB", found["MiB per worker"], f"at most {MIB.get(engine, '-')}"])
    for name, cpu in whole.items():
        rows.append([f"`sparktune score`, {name} checkout: CPU seconds", cpu, "half of before"])
    return table(["", "found", "bar"], rows)


if __name__ == "__main__":
    main()
