from sparktune.training.engine.tensors import counted, shared, tensor


def test_what_is_shared_sees_later_changes() -> None:
    numbers = counted(1000)
    lent = shared(numbers)
    assert numbers.tolist() == list(range(1000))
    numbers[:] = numbers[::-1].copy()
    assert lent.numpy().tolist() == list(range(999, -1, -1))


def test_what_cannot_be_shared_stays_an_array() -> None:
    rows = counted(1000)[1:]
    assert shared(rows) is rows


def test_what_cannot_be_shared_is_copied_once() -> None:
    rows = counted(1000)[1:]
    assert tensor(rows) is tensor(rows)
    assert tensor(rows).numpy().tolist() == rows.tolist()
