import numpy as np

from sparktune.data import Feature, Rows, Schema
from sparktune.data.digest import digest_of

SCHEMA = Schema(features=(Feature(name="x"),), input_shape=(1,), task="regression", outputs=1)
X, Y = np.arange(4, dtype=np.float32).reshape(4, 1), np.arange(4, dtype=np.float32)


def test_every_part_counts():
    rows = Rows(X, Y)
    variants = [
        digest_of([rows, rows, None], SCHEMA),
        digest_of([rows, None, rows], SCHEMA),
        digest_of([rows, rows, rows], SCHEMA),
        digest_of([Rows(X, Y, Y), rows, None], SCHEMA),
        digest_of([Rows(X.reshape(2, 2), Y), rows, None], SCHEMA),
        digest_of([Rows(X.view(np.int32), Y), rows, None], SCHEMA),
        digest_of([Rows(X[::-1], Y), rows, None], SCHEMA),
        digest_of([rows, rows, None], SCHEMA.model_copy(update={"label": "other"})),
    ]
    assert len(set(variants)) == len(variants)


def test_memory_layout_does_not_count():
    wide = np.zeros((4, 2), dtype=np.float32)
    wide[:, :1] = X
    for same in (X.copy(), wide[:, :1], X.astype(">f4"), np.asfortranarray(X)):
        assert digest_of([Rows(same, Y)], SCHEMA) == digest_of([Rows(X, Y)], SCHEMA)
