import tracemalloc
import zipfile

import numpy as np
import pytest

from sparktune.errors import DataError

X, Y = np.arange(40.0).reshape(20, 2), np.arange(20) % 2


@pytest.fixture
def npz(tmp_path):
    def save(**arrays):
        np.savez(tmp_path / "data.npz", **arrays)
        return {"source": "npz", "path": str(tmp_path / "data.npz")}

    return save


def test_x_and_y(load, npz):
    data = load(**npz(x=X, y=Y, names=np.array(["anything"] * 20)))
    assert data.train.x.shape == (16, 2) and data.schema.features[0].name == "x" and data.schema.label == "y"


def test_keys_can_be_named(load, npz):
    archive = npz(inputs=X, more=Y * 2, target=Y, w=Y + 1.0)
    data = load(**archive, features=["inputs", "more"], label="target", weight="w")
    assert data.train.x.shape == (16, 3) and data.schema.label == "target"
    np.testing.assert_array_equal(data.train.weight, data.train.y + 1)


@pytest.mark.parametrize("named", [{}, {"label": "y_train", "features": ["x_train"]}, {"label": "y"}])
def test_train_and_test_keys(load, npz, named):
    data = load(**npz(x_train=X, y_train=Y, x_test=X[:3], y_test=Y[:3]), **named)
    assert len(data.test) == 3 and data.schema.features[0].name == "x" and data.schema.label == "y"


def test_text_labels(load, npz):
    assert load(**npz(x=X, y=np.where(Y, "cat", "dog"))).schema.classes == ("cat", "dog")


def test_two_npy_files(load, tmp_path):
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", Y)
    data = load(
        source="npy", path=str(tmp_path / "x.npy"), labels=str(tmp_path / "y.npy"), validation={"last": 4}
    )
    np.testing.assert_array_equal(data.train.x, X[:16])
    np.testing.assert_array_equal(data.train.y, Y[:16])


def test_pickled_objects_are_never_read(load, npz, tmp_path):
    with pytest.raises(DataError, match=r"must hold plain arrays, but it holds pickled objects"):
        load(**npz(x=np.array([{"a": 1}] * 20), y=Y))
    np.save(tmp_path / "x.npy", np.array([[1], [2, 3]], dtype=object), allow_pickle=True)
    np.save(tmp_path / "y.npy", Y)
    with pytest.raises(DataError, match=r"pickled objects"):
        load(source="npy", path=str(tmp_path / "x.npy"), labels=str(tmp_path / "y.npy"))


def test_a_member_that_is_no_array_is_refused(load, npz, tmp_path):
    archive = npz(x=X, y=Y)
    with zipfile.ZipFile(tmp_path / "data.npz", "a") as file:
        file.writestr("z.npy", b"no array")
    with pytest.raises(DataError, match=r"member 'z.*' must be an array that numpy has written"):
        load(**archive)


def test_files_that_cannot_be_read(load, npz, tmp_path):
    archive = npz(x=X, y=Y)
    path = tmp_path / "data.npz"
    whole = path.read_bytes()
    for content in (whole[:-30], whole[:200], b"", b"plain text"):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"data: .*data\.npz"):
            load(**archive)
    np.save(tmp_path / "x.npy", X)
    with pytest.raises(DataError, match=r"must be an \.npz archive, .* use source npy"):
        load(source="npz", path=str(tmp_path / "x.npy"))
    path.write_bytes(whole)
    with pytest.raises(DataError, match=r"data\.labels must be an \.npy file"):
        load(source="npy", path=str(tmp_path / "x.npy"), labels=str(path))


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"", b"\x80\x04N."])
def test_files_of_another_kind_are_named_so(load, tmp_path, content):
    (tmp_path / "data.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"must be an \.npz archive .* its content is neither"):
        load(source="npz", path=str(tmp_path / "data.npz"))


def test_x_and_y_of_different_length(load, npz):
    with pytest.raises(DataError, match=r"same number of rows, but x has 20, y has 19"):
        load(**npz(x=X, y=Y[:19]))


def test_rows_that_lie_together_stay_in_the_file(load, tmp_path):
    x = np.random.default_rng(0).random((20_000, 200), np.float32)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", np.arange(len(x)) % 2)
    tracemalloc.start()
    data = load(
        source="npy", path=str(tmp_path / "x.npy"), labels=str(tmp_path / "y.npy"), validation={"last": 9}
    )
    _, highest = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert highest < x.nbytes / 2
    data.train.x[0] = 7
    np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), x)


def test_fortran_order_is_read(load, tmp_path):
    np.save(tmp_path / "x.npy", np.asfortranarray(X))
    np.save(tmp_path / "y.npy", Y)
    data = load(
        source="npy", path=str(tmp_path / "x.npy"), labels=str(tmp_path / "y.npy"), validation={"last": 4}
    )
    np.testing.assert_array_equal(data.train.x, X[:16])
    assert data.train.x.flags.c_contiguous


def test_an_empty_array_is_refused(load, tmp_path):
    np.save(tmp_path / "x.npy", X[:0])
    np.save(tmp_path / "y.npy", Y[:0])
    with pytest.raises(DataError, match="empty"):
        load(source="npy", path=str(tmp_path / "x.npy"), labels=str(tmp_path / "y.npy"))
