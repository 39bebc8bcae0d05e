"""What it costs to score a table in Spark, by sparktune and by others: CPU of the JVM and of Python together.

One session runs all contestants of a part in turn, so that they are compared under the same load; the first
query of a session and `sparktune score` are measured in processes of their own. Bars are ratios of one part.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from machine import describe
from processes import measure
from tables import Cell, publish, table

HERE = Path(__file__).parent
PLACES = HERE / "scoring"
ROOT = HERE.parents[1]
PARTS = ("table", "images", "raw", "rivals", "first", "whole")
Found = dict[str, float]
RATIOS = (
    ("SQL, numpy against keras", "SQL numpy", "SQL keras", "at most 1.0"),
    ("bulk against the scan", "bulk numpy", "scan", "at most 1.8"),
    ("array of 784, numpy against keras", "pixels numpy", "pixels keras", "at most 1.0"),
    ("bytes of 784, numpy against keras", "packed numpy", "packed keras", "at most 0.7"),
    ("30 raw columns, SQL against the scan", "raw SQL numpy", "raw scan", "at most 4"),
    ("encoding, of these", "raw encoding alone", "raw SQL numpy", "at most 0.5"),
    ("MLflow against SQL", "mlflow.pyfunc.spark_udf", "SQL numpy", "at least 20"),
    ("MLflow against bulk", "mlflow.pyfunc.spark_udf", "bulk numpy", "at least 25"),
    ("`sparktune score`, against the other checkout", "whole, this", "whole, before", "at most 0.5"),
    ("the same by Spark, against the other checkout", "whole, by Spark", "whole, before", ""),
)
SESSIONS = ("plain", "opened")  # the latter by sparktune
BARS = {f"first query, numpy, {session} session: CPU s": "at most 3.5" for session in SESSIONS}
BARS |= {"worker, numpy: MiB": "at most 120"}
BARS |= {"worker, onnx: MiB": "at most 200", "accuracy, raw table": "0.01 below the next one at most"}
EXAMPLES = """examples:
  bench_scoring.py                                          all parts, a quarter of an hour
  bench_scoring.py --folder made --parts table raw          two parts; `made` keeps all that is made and found
  bench_scoring.py --folder made --parts whole --before DIR one more; a report of all three
"""


def main() -> None:
    """Run the parts, print the tables."""
    options = _options()
    kept = nullcontext(options.folder) if options.folder else tempfile.TemporaryDirectory(prefix="bench-")
    with kept as place:
        folder = Path(place)
        folder.mkdir(exist_ok=True)
        notes = folder / "found.json"
        if notes.exists():
            found: Found = json.loads(notes.read_text(encoding="utf-8"))
        else:
            found = _answer("material.py", folder, options.rows)
            notes.write_text(json.dumps(found), encoding="utf-8")
        for part in options.parts:
            found |= _measured(part, folder, options)
            notes.write_text(json.dumps(found), encoding="utf-8")
    publish("Scoring", describe(), "\n\n".join([_figures(found), _ratios(found)]), options.markdown)


def _options() -> Any:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the table")
    parser.add_argument("--repeats", type=int, default=5, help="rounds that count; medians are shown")
    parser.add_argument("--rival-rows", type=int, default=100_000, help="rows that the others score")
    parser.add_argument("--whole-repeats", type=int, default=1, help="runs of `sparktune score`")
    parser.add_argument("--before", type=Path, help="another checkout, whose `sparktune score` runs too")
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=PARTS, help="what to measure")
    parser.add_argument("--folder", type=Path, help="where tables, models and figures are kept")
    parser.add_argument("--markdown", type=Path, help="a file for the tables")
    return parser.parse_args()


def _measured(part: str, folder: Path, options: Any) -> Found:
    if part == "whole":
        checkouts = {"this": ROOT, **({"before": options.before} if options.before else {})}
        found = {
            f"whole, {name}": statistics.median(_score(folder, root) for _ in range(options.whole_repeats))
            for name, root in checkouts.items()
        }
        by_spark = {"SPARK_MASTER": "local[*]"}
        runs = [_score(folder, ROOT, by_spark) for _ in range(options.whole_repeats)]
        return found | {"whole, by Spark": statistics.median(runs)}
    if part == "first":
        return {
            what: figure
            for engine in ("numpy", "keras", "onnx")
            for session in SESSIONS
            for what, figure in _answer("first.py", folder, engine, session).items()
        }
    rows = options.rival_rows if part == "rivals" else options.rows
    return _answer("contestants.py", folder, part, rows, options.repeats)


def _python(script: str, *arguments: object, root: Path = ROOT) -> str:
    """Run a script; what it prints."""
    paths = os.pathsep.join(map(str, (root, HERE, PLACES)))
    environment = {**os.environ, "PYTHONPATH": paths, "PYSPARK_PYTHON": sys.executable}
    command = [sys.executable, str(PLACES / script), *map(str, arguments)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def _answer(script: str, *arguments: object) -> Found:
    found: Found = json.loads(_python(script, *arguments).splitlines()[-1])
    return found


def _score(folder: Path, root: Path, settings: dict[str, str] | None = None) -> float:
    """CPU seconds of `sparktune score` as a whole, on the checkout at `root`; on this one without Spark."""
    target = tempfile.mkdtemp(dir=folder)
    command = [sys.executable, "-m", "sparktune", "score", "--overwrite", "--model", str(folder / "small")]
    command += ["--input", str(folder / "table.parquet"), "--output", f"{target}/scored.parquet"]
    if root != ROOT:  # a bundle that it can read
        command[command.index(str(folder / "small"))] = str(_by_keras(folder, root))
    environment = {**os.environ, "PYTHONPATH": str(root), **(settings or {})}
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


def _figures(found: Found) -> str:
    rows: list[list[Cell]] = [[name, figure, BARS.get(name)] for name, figure in found.items()]
    return table(["CPU us a row, or as said", "found", "bar"], rows)


def _ratios(found: Found) -> str:
    rows: list[list[Cell]] = [
        [what, found[one] / found[other], bar]
        for what, one, other, bar in RATIOS
        if one in found and other in found
    ]
    return table(["ratio", "found", "bar"], rows)


if __name__ == "__main__":
    main()
