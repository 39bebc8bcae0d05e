"""What a process has cost when its first step of training is about to start."""

import time
from pathlib import Path

import keras

reached: dict[str, float] = {}


def private_mb() -> float:
    """MB of this process that it shares with no other."""
    lines = Path("/proc/self/smaps_rollup").read_text(encoding="utf-8").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) * 1024 / 1e6


class FirstStep(keras.callbacks.Callback):
    """Remembers when training began."""

    def on_train_begin(self, logs: object = None) -> None:
        reached.update(time=time.time(), cpu=time.process_time(), private_mb=private_mb())
