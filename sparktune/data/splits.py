"""Which rows of the table are for training, for validation and for the test."""

import logging

import numpy as np

from sparktune.data.table import Table
from sparktune.errors import DataError
from sparktune.spec import DataSpec, SplitSpec

MIN_ROWS = 0.5  # a smaller share is rounded to no row
Places = dict[str, np.ndarray]
log = logging.getLogger("sparktune")


def split_rows(data: DataSpec, table: Table, classes: np.ndarray | None, seed: int) -> Places:
    """Row numbers, ascending, of `train` and of each split that has no source of its own.

    Rows that a split column marks are taken first, then the last rows, by their number or as a share of all
    rows (the test rows are the very last, the validation rows come before them), then random rows by
    `fraction`: the test's first, each a share of all rows of the table, and stratified by `classes` (rows,)
    where that is given. The remaining rows are for training.

    Raises:
        DataError: a split column that is missing, or a split (or the training) that is left without rows.
    """
    splits = {name: split for name, split in data.splits.items() if split.source is None}
    places = {name: _marked(table, name, split) for name, split in splits.items() if split.column}
    left = _unmarked(places, len(table))
    for name, split in splits.items():
        if split.last is not None:
            count = int(split.last)
            if isinstance(split.last, float):
                count = _rows_of_share(f"data.{name}.last", split.last, len(table))
            cut = max(len(left) - count, 0)
            left, places[name] = left[:cut], left[cut:]
            _refuse_empty(left, f"data.{name}, last: {split.last},", len(table))
    for name, split in splits.items():
        if split.fraction is not None:
            count = _rows_of_share(f"data.{name}.fraction", split.fraction, len(table))
            if count >= len(left):
                _refuse_empty(left[:0], f"data.{name}, fraction: {split.fraction},", len(table))
            left, places[name] = _drawn(left, count, classes, seed)
    _refuse_empty(left, " and ".join(f"data.{name}" for name in places), len(table))
    return {"train": left, **places}


def _rows_of_share(field: str, share: float, rows: int) -> int:
    """How many rows a share of all rows is, at least one."""
    if share * rows < MIN_ROWS:
        log.warning("%s %g is less than a row of %d: the split has 1 row", field, share, rows)
    return max(1, round(share * rows))


def _marked(table: Table, name: str, split: SplitSpec) -> np.ndarray:
    """Rows where the split column holds the split's value: its own name, or true, where none is given."""
    values = table.values(str(split.column), "split")
    value = split.value if split.value is not None else True if values.dtype.kind == "b" else name
    rows = np.flatnonzero(np.asarray(values == value))
    if values.ndim > 1 or not len(rows):
        seen = list(dict.fromkeys(values.ravel()[:10_000].tolist()))[:10]
        raise DataError(
            f"data.{name} must have rows, but column {split.column!r} nowhere holds {value!r}; it holds "
            f"{seen}: set data.{name}.value to one of them"
        )
    return rows


def _unmarked(places: Places, rows: int) -> np.ndarray:
    """The rows that no split column marks; two splits must not mark the same row."""
    times = np.bincount(np.concatenate([np.array([], int), *places.values()]), minlength=rows)
    if (times > 1).any():
        raise DataError(
            "data.validation and data.test must not share rows, but both hold row "
            f"{np.flatnonzero(times > 1)[0]}; give them different values"
        )
    return np.flatnonzero(times == 0)


def _drawn(
    left: np.ndarray, count: int, classes: np.ndarray | None, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """(rows that stay, `count` rows drawn at random), both ascending; stratified where classes allow it."""
    random = np.random.RandomState(seed % 2**32)
    if classes is None:
        chosen = random.permutation(len(left))[:count]
    else:
        chosen = _drawn_of_classes(classes[left], count, random)
    drawn = np.zeros(len(left), bool)
    drawn[chosen] = True
    return left[~drawn], left[drawn]


def _drawn_of_classes(classes: np.ndarray, count: int, random: np.random.RandomState) -> np.ndarray:
    """Places of `count` rows; where there are enough rows, one of each class stays, to learn them all."""
    _, first, inverse, sizes = np.unique(classes, return_index=True, return_inverse=True, return_counts=True)
    spare = len(classes) - len(first) - count
    strata = sizes.min() >= 2 and len(sizes) <= min(count, len(classes) - count)
    if strata or spare <= 0:
        chosen = _stratified(inverse, count, random) if strata else random.permutation(len(classes))[:count]
        if spare < 0 or (np.bincount(inverse[chosen], minlength=len(sizes)) < sizes).all():
            return chosen
    others = np.delete(np.arange(len(classes)), first)
    return others[random.permutation(len(others))[:count]]


def _stratified(strata: np.ndarray, count: int, random: np.random.RandomState) -> np.ndarray:
    """Places of `count` rows, of each of the strata 0, 1, 2, ... its share.

    They are those that scikit-learn's `train_test_split` draws, which takes 94 bytes of memory for a row.
    """
    sizes = np.bincount(strata)
    staying = _rows_by_stratum(sizes, len(strata) - count, random)
    # Where rounding leaves a row, scikit-learn draws a lot here, too.
    _rows_by_stratum(sizes - staying, count, random)
    members = np.split(np.argsort(strata, kind="stable"), np.cumsum(sizes)[:-1])
    return np.concatenate(
        [of[random.permutation(len(of))[stay:]] for of, stay in zip(members, staying, strict=True)]
    )


def _rows_by_stratum(sizes: np.ndarray, rows: int, random: np.random.RandomState) -> np.ndarray:
    """How many of `rows` rows each stratum gives: its share, rounded down.

    The rows that are left over come from those that rounding has cost most; of equal ones it is drawn by lot.
    """
    exact = sizes / sizes.sum() * rows
    shares = np.floor(exact)
    cost, left = exact - shares, int(rows - shares.sum())
    for value in np.unique(cost)[::-1]:
        if left:
            tied = np.flatnonzero(cost == value)
            favoured = random.choice(tied, size=min(len(tied), left), replace=False)
            shares[favoured] += 1
            left -= len(favoured)
    whole: np.ndarray = shares.astype(int)
    return whole


def _refuse_empty(left: np.ndarray, taken: str, rows: int) -> None:
    if not len(left):
        way_out = "make it smaller" if rows > 1 else "give at least two rows"
        raise DataError(f"{taken} must leave rows to train on, but takes all of {rows}; {way_out}")
