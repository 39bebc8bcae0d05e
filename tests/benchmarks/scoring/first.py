"""The first query of a fresh session: its CPU time, and the memory of the workers that scored.

`python first.py FOLDER ENGINE SESSION` prints a JSON object on its last line. SESSION is `plain`, or `opened`
by sparktune, which maps Spark's classes from an archive.
"""

import json
import os
import re
import sys
from pathlib import Path

from contestants import open_session, seconds
from material import COLUMNS
from processes import descendants


def main(folder: Path, engine: str, session: str) -> None:
    """Score 1,000 rows, then all."""
    import sparktune
    from sparktune.launch import open_session as opened

    spark = open_session() if session == "plain" else opened(preload=False)
    spark.read.parquet(str(folder / "table.parquet")).createOrReplaceTempView("t")
    spark.sql("SELECT sum(f0) FROM t").collect()  # the session stands, and can read
    sparktune.register(spark, sparktune.load(folder / "small", engine=engine), "predict")
    call = f"SELECT predict({', '.join(COLUMNS)}) AS p FROM t"
    first = seconds(lambda: spark.sql(f"{call} LIMIT 1000"))
    seconds(lambda: spark.sql(call))
    mib = max(workers_mib(), default=0.0)
    found = {f"first query, {engine}, {session} session: CPU s": first}
    print(json.dumps(found | ({f"worker, {engine}: MiB": mib} if session == "plain" else {})))


def workers_mib() -> list[float]:
    """The largest resident memory that each Python process below this one has had, the daemon's aside."""
    found = []
    for process in descendants(os.getpid()):
        status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
        peak = re.search(r"VmHWM:\s+(\d+) kB", status)
        if "python" in status.splitlines()[0] and peak:
            found.append(int(peak[1]) / 1024)
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
