"""KerasTuner distributed, as its guide says: a chief that hands out trials, and a worker process per slot.

The chief looks only every 20 seconds whether it may end, so it is ended here once the workers are done.
"""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

from grid import SLOTS, hand_in


def start(role: str, port: int) -> subprocess.Popen[bytes]:
    """This script as the chief or as a worker."""
    service = {"KERASTUNER_ORACLE_IP": "127.0.0.1", "KERASTUNER_ORACLE_PORT": str(port)}
    environment = {**os.environ, **service, "KERASTUNER_TUNER_ID": role}
    return subprocess.Popen([sys.executable, __file__], env=environment)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    port = free_port()
    chief = start("chief", port)
    codes = [worker.wait() for worker in [start(f"tuner{slot}", port) for slot in range(SLOTS)]]
    chief.kill()
    if any(codes):
        sys.exit(f"KerasTuner's workers ended with {codes}")
    trials = [
        json.loads(path.read_text(encoding="utf-8")) for path in Path("grid").glob("trial_*/trial.json")
    ]
    hand_in([trial["score"] for trial in trials if trial["score"] is not None])


if __name__ == "__main__":
    if "KERASTUNER_TUNER_ID" in os.environ:
        from keras_tuner_grid import search  # here, so that the launching process need not import Keras

        search()
    else:
        main()
