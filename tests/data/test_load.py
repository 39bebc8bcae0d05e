import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sparktune.data import Dataset, Scaling
from sparktune.errors import DataError

X = np.arange(40, dtype=float).reshape(20, 2)
Y = np.array([0, 1] * 10)


def test_importing_the_room_is_light():
    heavy = "{'sklearn', 'keras', 'tensorflow', 'pyarrow', 'pandas', 'pyspark'}"
    code = f"import sys, sparktune.data; print(*({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout.strip() == "", done.stdout + done.stderr


def test_real_mnist_images(load, mnist10k):
    data = load(source="idx", path=str(mnist10k), scale=255, validation={"last": 2000})
    assert data.train.x.shape == (8000, 28, 28) and data.validation.x.shape == (2000, 28, 28)
    assert data.train.x.dtype == np.uint8 and data.train.y.dtype == np.int32 and data.test is None
    assert data.train.y[:5].tolist() == [7, 2, 1, 0, 4]
    assert (
        data.schema.task == "classes"
        and data.schema.outputs == 10
        and data.schema.classes == tuple(range(10))
    )
    assert data.schema.scaling == Scaling(offset=(0.0,), scale=(255.0,))
    assert data.schema.input_shape == (28, 28) and data.schema.features[0].name == "image"


def test_a_line_through_points(load):
    x = np.array([-1.0, 0.0, 1.0, 2.0, 3.0, 4.0])
    data = load((x, 2 * x - 1))
    assert data.schema.task == "regression" and data.schema.outputs == 1 and data.schema.input_shape == (1,)
    assert data.train.x.shape == (5, 1) and data.train.x.dtype == np.float32
    np.testing.assert_array_equal(data.train.y, 2 * data.train.x[:, 0] - 1)
    assert data.train.y.dtype == np.float32


def test_binary_labels_become_floats_and_the_map_stays(load):
    data = load((X, np.where(Y == 1, "yes", "no")))
    assert data.schema.task == "binary" and data.schema.outputs == 1 and data.schema.classes == ("no", "yes")
    assert data.train.y.dtype == np.float32 and set(data.train.y.tolist()) == {0.0, 1.0}


def test_columns_rows_and_weights_stay_together(load):
    frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "w": X[:, 0], "y": Y})
    data = load(frame, weight="w", validation={"last": 5})
    for rows in (data.train, data.validation):
        np.testing.assert_array_equal(rows.x[:, 0], rows.weight)
        np.testing.assert_array_equal(rows.x[:, 0] / 2 % 2, rows.y)
    assert [f.name for f in data.schema.features] == ["a", "b"]
    assert len(data.train) == 15


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_a_split_without_any_weight_is_refused(load, split):
    part = np.repeat(["train", "validation", "test"], [10, 5, 5])
    frame = pd.DataFrame({"a": X[:, 0], "w": np.where(part == split, 0.0, 1.0), "part": part, "y": X[:, 1]})
    where = {"validation": {"column": "part"}, "test": {"column": "part"}}
    with pytest.raises(DataError, match=rf"data\.{split} must have a row whose weight is above 0"):
        load(frame, weight="w", label="y", **where)
    frame.loc[np.flatnonzero(part == split)[0], "w"] = 0.5
    assert load(frame, weight="w", label="y", **where).train.weight is not None


def test_weights_of_a_tuple(load):
    data = load((X, Y, np.arange(20)), validation={"last": 5})
    assert data.train.weight.tolist() == list(range(15)) and data.train.weight.dtype == np.float32
    assert load((X, Y, None)).train.weight is None


def test_several_outputs(load):
    data = load((X, np.stack([X[:, 0] / 3, X[:, 1]], axis=1)))
    assert data.schema.task == "regression" and data.schema.outputs == 2 and data.train.y.shape == (16, 2)


def test_features_can_be_chosen(load):
    frame = pd.DataFrame({"id": [f"row {i}" for i in range(20)], "a": X[:, 0], "b": X[:, 1], "target": Y})
    data = load(frame, label="target", features=["b", "a"], validation={"last": 4})
    np.testing.assert_array_equal(data.train.x, X[:16, ::-1])
    everything = load(frame, label="target", columns={"id": "ignore"}, validation={"last": 4})
    np.testing.assert_array_equal(everything.train.x, X[:16])
    with pytest.raises(DataError, match=r"data.columns must .* 'ib' is none; did you mean 'b'\?"):
        load(frame, label="target", columns={"ib": "ignore"})


def test_all_features_of_a_column_split(load):
    frame = pd.DataFrame({"x": X[:, 0], "part": ["train"] * 12 + ["validation"] * 5 + ["exam"] * 3, "y": Y})
    test = {"column": "part", "value": "exam"}
    data = load(frame, validation={"column": "part"}, test=test)
    assert [len(rows) for rows in (data.train, data.validation, data.test)] == [12, 5, 3]
    assert data.schema.input_shape == (1,)


def test_splits_with_sources_of_their_own(load, tmp_path):
    for name, rows in (("main", slice(0, 12)), ("valid", slice(12, 16)), ("exam", slice(16, 20))):
        pq.write_table(
            pa.table({"a": X[rows, 0], "b": X[rows, 1], "y": Y[rows]}), tmp_path / f"{name}.parquet"
        )
    data = load(
        source="parquet",
        path=str(tmp_path / "main.parquet"),
        label="y",
        validation={"source": "parquet", "path": str(tmp_path / "valid.parquet")},
        test={"source": "parquet", "path": str(tmp_path / "exam.parquet")},
    )
    assert [len(rows) for rows in (data.train, data.validation, data.test)] == [12, 4, 4]
    np.testing.assert_array_equal(np.concatenate([data.train.x, data.validation.x, data.test.x]), X)


def test_a_source_of_its_own_must_fit(load, tmp_path):
    main, other = tmp_path / "main.npz", tmp_path / "other.npz"
    np.savez(main, x=X, y=Y)
    np.savez(other, x=X[:, :1], y=Y)
    with pytest.raises(
        DataError, match=r"data\.validation: feature 'x' must have shape \(2,\) .* has \(1,\)"
    ):
        load(source="npz", path=str(main), validation={"source": "npz", "path": str(other)})
    np.savez(other, z=X, y=Y)
    with pytest.raises(DataError, match=r"data\.validation: feature column 'x' is not there"):
        load(source="npz", path=str(main), validation={"source": "npz", "path": str(other)})


def test_held_out_rows_are_the_test_split_unless_the_spec_says_otherwise(load, tmp_path):
    path = tmp_path / "images.npz"
    np.savez(path, x_train=X, y_train=Y, x_test=X[:4] + 100, y_test=Y[:4])
    data = load(source="npz", path=str(path), validation={"last": 5})
    assert data.test.x[0].tolist() == [100, 101] and len(data.train) == 15
    asked = load(source="npz", path=str(path), validation={"last": 5}, test={"last": 2})
    assert len(asked.train) == 13 and asked.test.x[-1].tolist() == [38, 39]
    same = load(source="npz", path=str(path), validation={"source": "npz", "path": str(path)})
    assert same.validation.x[0].tolist() == [100, 101] and len(same.train) == 20


def test_scaling_is_learned_on_training_rows_only(load):
    data = load((X, Y), scale="minmax", validation={"last": 10})
    assert data.schema.scaling == Scaling(offset=(0.0, 1.0), scale=(18.0, 18.0))
    assert data.train.x.max() == 19, "x itself stays raw"


def test_the_digest_tells_data_and_spec_apart(load):
    first = load((X, Y)).digest
    assert len(first) == 64 and load((X.copy(), Y.copy())).digest == first
    changed = X.copy()
    changed[3, 1] += 1
    others = [
        load((changed, Y)),
        load((X, 1 - Y)),
        load((X, Y), scale=2),
        load((X, Y), seed=1),
        load((X, Y, Y)),
    ]
    assert len({first, *(o.digest for o in others)}) == 6


def test_a_dataset_is_taken_as_it_is(load):
    data = load((X, Y))
    assert isinstance(data, Dataset) and load(data) is data


def test_all_arrays_can_be_given_to_dlpack(load, mnist10k):
    data = load(source="idx", path=str(mnist10k), validation={"last": 2000})
    odd = load((np.asfortranarray(X, dtype=np.float32), Y), validation={"last": 5})
    for rows in (data.train, data.validation, odd.train):
        assert all(a.flags.writeable and a.flags.c_contiguous for a in (rows.x, rows.y))


def test_both_a_source_and_arrays(load):
    with pytest.raises(DataError, match=r"data\.source must be arrays .* but got digits"):
        load((X, Y), source="digits")


def test_a_label_that_training_never_shows(load):
    y = ["a", "b"] * 8 + ["a", "b", "c", "a"]
    with pytest.raises(DataError, match=r"data\.validation: labels .* but \['c'\] does not \(first in row 2"):
        load((X, y), validation={"last": 4})


def test_the_schema_survives_json(load):
    schema = load((X, np.where(Y == 1, True, False))).schema
    assert (
        schema.classes == (False, True)
        and type(schema).model_validate_json(schema.model_dump_json()) == schema
    )


MANY = np.stack([Y, 1 - Y, Y | (np.arange(20) > 10)], axis=1)


def test_several_labels_a_row(load):
    data = load((X, MANY))
    assert data.schema.task == "labels" and data.schema.outputs == 3 and data.schema.classes == (0, 1, 2)
    assert data.train.y.shape == (16, 3) and data.train.y.dtype == np.float32
    named = load((X, pd.DataFrame(MANY, columns=["odd", "even", "late"])))
    assert named.schema.classes == ("odd", "even", "late") and named.schema.label == "label"
    np.testing.assert_array_equal(named.train.y, data.train.y)


def test_several_labels_in_a_file(load, tmp_path):
    names = [{"odd": bool(a), "even": bool(b)} for a, b, _ in MANY]
    pq.write_table(
        pa.table({"a": X[:, 0], "y": pa.array(names)}), tmp_path / "rows.parquet", row_group_size=7
    )
    data = load(
        source="parquet",
        path=str(tmp_path / "rows.parquet"),
        label="y",
        task="labels",
        validation={"last": 5},
    )
    assert data.schema.classes == ("odd", "even")
    np.testing.assert_array_equal(data.train.y, MANY[:15, :2])


def test_labels_of_a_split_with_its_own_source_are_those_of_the_table(load, tmp_path):
    def labelled(names):
        rows = [{name: bool(row[int(name == "even")]) for name in names} for row in MANY]
        pq.write_table(pa.table({"a": X[:, 0], "y": pa.array(rows)}), tmp_path / "-".join(names))
        return {"source": "parquet", "path": str(tmp_path / "-".join(names))}

    main, swapped = labelled(["odd", "even"]), labelled(["even", "odd"])
    data = load(**main, label="y", task="labels", validation=swapped)
    assert data.schema.classes == ("odd", "even")
    np.testing.assert_array_equal(data.validation.y, data.train.y)
    with pytest.raises(
        DataError, match=r"data\.validation: label 'y' must have the fields of data, \['odd', 'e"
    ):
        load(**main, label="y", task="labels", validation=labelled(["odd", "late"]))
    with pytest.raises(DataError, match=r"data\.validation: label column 'y' is not there"):
        pq.write_table(pa.table({"a": X[:, 0]}), tmp_path / "none")
        load(**main, label="y", validation={"source": "parquet", "path": str(tmp_path / "none")})


@pytest.mark.parametrize("width", [1, 3])
def test_labels_of_another_width_than_the_table_has(load, tmp_path, width):
    main, other = tmp_path / "main.npz", tmp_path / "other.npz"
    np.savez(main, x=X, y=X)
    np.savez(other, x=X, y=np.ones((20, width)))
    with pytest.raises(
        DataError, match=r"data\.validation: label 'y' must have shape \(2,\) in each row as in da"
    ):
        load(source="npz", path=str(main), validation={"source": "npz", "path": str(other)})


def test_no_validation_rows(load):
    data = load((X, Y), validation="none", test={"last": 4})
    assert len(data.train) == 16 and len(data.validation) == 0 and len(data.test) == 4
    assert data.validation.x.shape == (0, 2)
    assert data.digest != load((X, Y), validation={"last": 1}, test={"last": 4}).digest


def test_the_last_share_of_the_rows(load):
    data = load((X, Y), validation={"last": 0.2}, test={"last": 3})
    np.testing.assert_array_equal(data.validation.x, X[13:17])
    np.testing.assert_array_equal(data.test.x, X[17:])


def test_class_names_lie_beside_the_labels(load):
    named = load((X, Y), class_names=["cat", "dog"])
    assert (named.schema.classes, named.schema.class_names) == ((0, 1), ("cat", "dog"))
    assert named.schema.label_map == ("cat", "dog")
    assert load((X, Y)).schema.label_map == (0, 1)
    with pytest.raises(DataError, match="must have a name for each of the 2 labels"):
        load((X, Y), class_names=["cat", "dog", "owl"])
