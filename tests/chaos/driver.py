"""A driver of studies on a Spark cluster, to be killed: `python -m tests.chaos.driver FOLDER`.

Each line of standard input is a request: the path of a study file as `config`, and `pause`. A line of JSON on
standard output answers it: `error` is None where the study has ended well. PYSPARK_SUBMIT_ARGS names the
cluster.
"""

import json
import os
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

from sparktune import Dataset, Segment, StudySpec, TrialResult
from tests.chaos.processes import born
from tests.chaos.studies import data


def train(folder: str, pause: float, segment: Segment, spec: StudySpec, dataset: Dataset) -> TrialResult:
    """Train a segment, `pause` seconds after it has begun and as long before it ends.

    Meanwhile a file of this process's number in `folder` has what `born` says of it, the segment's trial and
    its first epoch.
    """
    from sparktune import run_segment

    place = Path(folder) / str(os.getpid())
    draft = place.with_name(f".{place.name}")
    draft.write_text(json.dumps([born(os.getpid()), segment.trial.number, segment.start]))
    draft.replace(place)
    try:
        time.sleep(pause)
        result = run_segment(segment, spec, dataset)
        time.sleep(pause)
        return replace(result, timings={**result.timings, "pause": 2 * pause})
    finally:
        place.unlink()


def main(folder: str) -> None:
    """Run the study of each line that comes in, all in one Spark session."""
    from sparktune.errors import SparktuneError
    from sparktune.launch import SparkLauncher, open_session
    from sparktune.study import tune

    spark = open_session()
    for line in sys.stdin:
        request, error = json.loads(line), None
        launcher = SparkLauncher(spark, partial(train, folder, request["pause"]))
        try:
            tune(request["config"], data=data(), launcher=launcher)
        except SparktuneError as failure:
            error = f"{type(failure).__name__}: {failure}"
        print(json.dumps({"error": error}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
