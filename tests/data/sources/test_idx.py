import gzip
import struct

import numpy as np
import pytest

from sparktune.data.sources.idx import idx_tables, read_idx
from sparktune.errors import DataError

IMAGES = np.arange(40, dtype=np.uint8).reshape(10, 2, 2)
LABELS = np.arange(10, dtype=np.uint8) % 2


def idx_bytes(array, code=8):
    return struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape) + array.tobytes()


def write_pair(folder, prefix, images=IMAGES, labels=LABELS, tie="-", gz=True):
    for name, array in (
        (f"{prefix}images{tie}idx3-ubyte", images),
        (f"{prefix}labels{tie}idx1-ubyte", labels),
    ):
        data = idx_bytes(array)
        (folder / f"{name}{'.gz' if gz else ''}").write_bytes(gzip.compress(data, mtime=0) if gz else data)


@pytest.mark.parametrize(("tie", "gz"), [("-", True), ("-", False), (".", False)])
def test_a_single_pair_is_all_of_the_data(tmp_path, tie, gz):
    write_pair(tmp_path, "t10k-", tie=tie, gz=gz)
    main, held_out = idx_tables(tmp_path, "data")
    assert held_out is None
    np.testing.assert_array_equal(main.columns["image"], IMAGES)
    np.testing.assert_array_equal(main.columns["label"], LABELS)


def test_t10k_is_held_out_beside_train(load, tmp_path):
    write_pair(tmp_path, "train-")
    write_pair(tmp_path, "t10k-", IMAGES[:4] + 100, LABELS[:4])
    data = load(source="idx", path=str(tmp_path), validation={"last": 3})
    assert [len(r) for r in (data.train, data.validation, data.test)] == [7, 3, 4]
    assert data.test.x[0, 0, 0] == 100
    one = load(source="idx", path=str(tmp_path / "train-images-idx3-ubyte.gz"), validation={"last": 3})
    assert one.test is None


@pytest.mark.parametrize(("code", "kind"), [(9, ">i1"), (11, ">i2"), (12, ">i4"), (13, ">f4"), (14, ">f8")])
def test_all_number_types(tmp_path, code, kind):
    array = np.array([[1, -2], [3, 4]], dtype=kind)
    (tmp_path / "a").write_bytes(idx_bytes(array, code))
    found = read_idx(tmp_path / "a")
    assert found.dtype.isnative
    np.testing.assert_array_equal(found, array)


def test_folders_without_one_clear_pair(tmp_path):
    with pytest.raises(DataError, match=r"data\.path must hold one pair .* holds no images"):
        idx_tables(tmp_path, "data")
    for prefix in ("one-", "two-"):
        write_pair(tmp_path, prefix)
    with pytest.raises(
        DataError, match=r"holds \['one-images-idx3-ubyte\.gz', 'two-images-idx3-ubyte\.gz'\]"
    ):
        idx_tables(tmp_path, "data")


def test_images_without_labels(tmp_path):
    write_pair(tmp_path, "train-")
    (tmp_path / "train-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(
        DataError, match=r"labels of train-images-idx3-ubyte\.gz are not there; put train-labels"
    ):
        idx_tables(tmp_path, "data")


def test_images_and_labels_of_different_length(tmp_path):
    write_pair(tmp_path, "train-", labels=LABELS[:9])
    with pytest.raises(DataError, match=r"same number of rows, but image has 10, label has 9"):
        idx_tables(tmp_path, "data")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.gz", gzip.compress(idx_bytes(IMAGES), mtime=0)[:-12], r"cannot read the idx file"),
        ("a.gz", b"not gzip", r"cannot read the idx file"),
        ("a", idx_bytes(IMAGES)[:-1], r"must hold 56 bytes by its header, but it holds 55; it is truncated"),
        ("a", idx_bytes(IMAGES)[:10], r"truncated or damaged"),
        ("a", b"\x89PNG....", r"must be an idx file"),
        ("a", b"", r"must be an idx file"),
        ("a", b"\0\0\x07\x01....", r"must be an idx file"),
    ],
)
def test_damaged_files(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_idx(path)
