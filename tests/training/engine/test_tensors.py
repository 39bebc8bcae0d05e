"""Arrays as tensors: shared where they can be, else copied once."""

from sparktune.training.engine.tensors import cpu_view, on_device, row_numbers


def test_what_is_shared_sees_later_changes() -> None:
    numbers = row_numbers(1000)
    lent = cpu_view(numbers)
    assert numbers.tolist() == list(range(1000))
    numbers[:] = numbers[::-1].copy()
    assert lent.numpy().tolist() == list(range(999, -1, -1))


def test_what_cannot_be_shared_stays_an_array() -> None:
    rows = row_numbers(1000)[1:]
    assert cpu_view(rows) is rows


def test_what_cannot_be_shared_is_copied_once() -> None:
    rows = row_numbers(1000)[1:]
    assert on_device(rows) is on_device(rows)
    assert on_device(rows).numpy().tolist() == rows.tolist()
