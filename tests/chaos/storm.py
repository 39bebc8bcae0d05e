"""A storm: while a study runs, processes of its cluster are killed at random, each at a running segment."""

import random
import time
from collections import Counter
from pathlib import Path
from typing import Literal

from tests.chaos.cluster import Cluster, Running
from tests.chaos.processes import born, kill
from tests.chaos.studies import segments_recorded

Kind = Literal["worker", "executor", "driver"]
SHARES: dict[Kind, int] = {"worker": 70, "executor": 20, "driver": 10}
LOSSES = 2  # a segment that loses its worker once more may have used up its attempts
PAUSE = 0.15  # seconds at the begin and at the end of each segment
LIMIT = 600.0  # seconds without a segment to kill


class Storm:
    """So many SIGKILLs, spread over a study of about so many segments.

    Attributes:
        done: how many processes of each kind were killed.
    """

    def __init__(self, hosts: Cluster, config: Path, kills: int, segments: int, seed: int = 0) -> None:
        self._hosts = hosts
        self._config = config
        self._source = random.Random(seed)
        self._pace = 0.8 * segments / kills  # segments that return between two kills
        self._kinds: list[Kind] = [*SHARES, *self._source.choices([*SHARES], [*SHARES.values()], k=kills)]
        del self._kinds[kills:]
        self._source.shuffle(self._kinds)
        self._losses: Counter[tuple[int, int]] = Counter()
        self.done: Counter[Kind] = Counter()

    def run(self) -> None:
        """Run the study to its end; a driver that was killed is followed by another."""
        self._hosts.driver().begin(self._config, PAUSE)
        for kind in self._kinds:
            while not self._kill(kind, self._victim()):
                pass
            self.done[kind] += 1
        self._hosts.driver().wait()

    def _victim(self) -> Running:
        """A running segment, at a random moment, once so much of the study is done."""
        deadline = time.monotonic() + LIMIT
        while time.monotonic() < deadline:
            if self._hosts.driver().has_answered():
                self._hosts.driver().wait()
                raise AssertionError(f"the study has ended after {dict(self.done)}")
            segments = [s for s in self._hosts.running() if self._losses[s.trial, s.start] < LOSSES]
            if segments and len(segments_recorded(self._config)) >= self._pace * self.done.total():
                time.sleep(self._source.uniform(0, 2 * PAUSE))
                return self._source.choice(segments)
            time.sleep(0.02)
        raise TimeoutError(f"no segment to kill after {dict(self.done)}")

    def _kill(self, kind: Kind, segment: Running) -> bool:
        """SIGKILL the process of a segment, its executor, or the driver; whether the segment ran then."""
        if not self._hosts.trains(segment):
            return False
        if kind == "worker":
            segment.kill()
        elif kind == "executor":
            try:
                executor = self._hosts.executor_of(segment)
            except (OSError, ValueError):  # it has ended in between
                return False
            kill(executor, born(executor))
        else:
            self._hosts.driver().kill()
        hit = self._hosts.trains(segment)
        if kind == "driver":
            self._losses.clear()  # a new driver gives each segment its attempts anew
            self._hosts.driver().begin(self._config, PAUSE)
        else:
            self._losses[segment.trial, segment.start] += 1
        return hit
