"""The order of a study's trials."""

from collections.abc import Sequence
from itertools import product

from sparktune.ledger import Retried
from sparktune.search import Sampler
from sparktune.study.trial_queue import TrialQueue, weight
from sparktune.training.graph_key import graph_key
from sparktune.trial import Params, TrialResult, TrialState

GRID = [
    {"neurons": neurons, "learning_rate": rate, "batch_size": batch}
    for neurons, rate, batch in product((32, 256), (0.001, 0.01, 0.1), (32, 128))
]


class Listed(Sampler):
    """Proposes what it was given, in order."""

    def __init__(self, points: Sequence[Params]) -> None:
        self.points = points

    @property
    def size(self) -> int | None:
        return len(self.points)

    def ask(self, number: int) -> Params | None:
        return self.points[number] if number < len(self.points) else None

    def tell(self, result: TrialResult) -> None:
        pass


class Growing(Listed):
    """Small models first, then ever larger ones, without end."""

    def __init__(self) -> None:
        super().__init__([])

    @property
    def size(self) -> None:
        return None

    def ask(self, number: int) -> Params:
        return {"neurons": number + 1}


def queue_of(points: Sequence[Params], window: int = 128) -> TrialQueue:
    return TrialQueue(Listed(points), window=window)


def flat(jobs: list[list[int]]) -> list[int]:
    return [number for job in jobs for number in job]


def drained(queue: TrialQueue, most: int = 1) -> list[list[int]]:
    taken = []
    while points := queue.take(most):
        taken.append([number for number, _ in points])
    return taken


def test_every_point_is_taken_once_and_then_none() -> None:
    queue = queue_of(GRID, window=5)
    assert not queue.exhausted()
    assert sorted(flat(drained(queue, most=2))) == list(range(len(GRID)))
    assert queue.exhausted()
    assert queue.take(3) == []


def test_alike_points_follow_each_other_and_the_longest_come_first() -> None:
    order = flat(drained(queue_of(GRID)))
    shapes = [(GRID[n]["neurons"], GRID[n]["batch_size"]) for n in order]
    assert shapes == [(256, 32)] * 3 + [(256, 128)] * 3 + [(32, 32)] * 3 + [(32, 128)] * 3


def test_equal_points_keep_their_order() -> None:
    points = [{"learning_rate": rate} for rate in (3, 1, 2)]
    assert drained(queue_of(points)) == [[0], [1], [2]]


def test_a_job_holds_one_design_or_several_whole_ones() -> None:
    jobs = drained(queue_of(GRID), most=4)
    assert [len(job) for job in jobs] == [3, 3, 3, 3]
    jobs = drained(queue_of(GRID), most=7)
    assert [len(job) for job in jobs] == [6, 6]
    jobs = drained(queue_of(GRID), most=2)
    assert [len({graph_key(GRID[n]) for n in job}) for job in jobs] == [1] * len(jobs)


def test_a_slot_goes_on_with_the_design_it_knows_and_leaves_others_theirs() -> None:
    queue = queue_of(GRID)
    first = graph_key(queue.take(1)[0][1])
    second = graph_key(queue.take(1, busy={first})[0][1])
    assert first != second
    assert graph_key(queue.take(1, warm=second, busy={first, second})[0][1]) == second
    assert queue.take(1, busy={graph_key(params) for params in GRID}) != []


def test_only_what_suits_any_slot_is_taken_ahead() -> None:
    queue = queue_of([*GRID, {"neurons": 1, "learning_rate": 0.1, "batch_size": 32}])
    assert [number for number, _ in queue.take_ahead(1, busy=())] == [len(GRID)]
    assert queue.take_ahead(1, busy=()) == []
    assert len(queue.take_ahead(3, busy=())) == 3
    alone = queue_of([{"learning_rate": rate} for rate in (1, 2, 3)])
    assert len(alone.take_ahead(1, busy={graph_key({"learning_rate": 1})})) == 1


def test_no_point_waits_longer_than_its_window_and_a_search_without_end_is_never_held() -> None:
    queue = TrialQueue(Growing(), window=4)
    assert [queue.take(1)[0][0] for _ in range(8)] == [3, 2, 1, 0, 7, 6, 5, 4]


def test_more_epochs_wider_layers_and_smaller_batches_weigh_more() -> None:
    base = {"hidden": [8, 4], "epochs": 2, "batch_size": 32, "activation": "relu", "learning_rate": 0.5}
    for change in ({"hidden": [8, 8]}, {"epochs": 3}, {"batch_size": 16}):
        assert weight({**base, **change}) > weight(base)
    assert weight({**base, "learning_rate": 9.0, "activation": "tanh"}) == weight(base)


def test_a_batch_of_all_rows_takes_the_least_time():
    assert weight({"batch_size": "all"}) < weight({"batch_size": 512}) < weight({"batch_size": 32})


def test_trials_that_an_earlier_run_left_are_given_though_the_search_has_fewer_now() -> None:
    points = [{"learning_rate": rate} for rate in (1, 2, 3, 4)]
    ended = [TrialResult(n, points[n], TrialState.COMPLETE, 0.5, 1) for n in (0, 1)]
    failed = TrialResult(3, points[3], TrialState.FAILED, error="no")
    earlier = [*enumerate(points), *ended, failed, Retried(3)]
    queue = TrialQueue(Listed(points[:2]), earlier)
    assert not queue.exhausted()
    assert drained(queue) == [[2], [3]]
    assert queue.exhausted()
    assert drained(TrialQueue(Listed(points[:2]), earlier, held=[2])) == [[3]]


def test_a_retried_trial_that_waits_for_its_pruner_is_not_given() -> None:
    point = {"learning_rate": 1}
    failed = TrialResult(0, point, TrialState.FAILED, error="no")
    paused = TrialResult(0, point, TrialState.PAUSED, history={"val_accuracy": [0.3]}, attempt=2)
    earlier = [(0, point), failed, Retried(0), paused.report]
    queue = TrialQueue(Listed([point]), earlier, held=[0])
    assert drained(queue) == []
    assert queue.exhausted()
    assert drained(TrialQueue(Listed([point]), earlier)) == [[0]]


def test_trials_that_an_earlier_run_left_come_before_new_ones() -> None:
    points = [{"learning_rate": rate} for rate in (1, 2, 3, 4)]
    earlier = [(0, points[0]), (2, points[2]), TrialResult(0, points[0], TrialState.COMPLETE, 0.5, 1)]
    assert drained(TrialQueue(Listed(points), earlier)) == [[2], [1], [3]]
