"""Images in a folder for each class."""

import logging

import numpy as np
import pytest
from PIL import Image

from sparktune.data.sources.base import Origin
from sparktune.data.sources.image_folder import ImageFolder
from sparktune.errors import DataError, SpecError
from sparktune.spec import parse_spec

GREY = np.arange(2 * 6 * 5, dtype="uint8").reshape(2, 6, 5)


@pytest.fixture
def folder(tmp_path):
    """Two classes of two grey images each, 6 pixels high and 5 wide; hidden files beside them."""
    for name in ("dog", "cat"):
        (tmp_path / name / "more").mkdir(parents=True)
        save(GREY[0], tmp_path / name / "more" / "b.png")
        save(GREY[1], tmp_path / name / "a.png")
        (tmp_path / name / ".DS_Store").write_bytes(b"x")
        (tmp_path / name / "._a.png").write_bytes(b"x")
    (tmp_path / ".hidden").mkdir()
    return tmp_path


def save(pixels, path, mode=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(np.asarray(pixels, "uint8"))
    (image if mode is None else image.convert(mode)).save(path)


def read(folder, **given):
    return ImageFolder().read(Origin("data", path=str(folder), **given))


def test_rows_are_in_order_of_class_and_file_and_hidden_files_are_left_out(folder, caplog):
    found = read(folder)
    assert found.held_out is None and not caplog.records
    assert found.table.columns["label"].tolist() == ["cat", "cat", "dog", "dog"]
    image = found.table.columns["image"]
    assert image.dtype == np.uint8 and image.shape == (4, 6, 5)
    np.testing.assert_array_equal(image, GREY[[1, 0, 1, 0]])


def test_a_study_has_the_names_of_the_folders_as_its_classes(load, folder):
    data = load(source="images", path=str(folder), channels=3, validation={"fraction": 0.5}, scale=255)
    assert data.schema.classes == ("cat", "dog") and data.schema.task == "binary"
    assert data.train.x.shape == (2, 6, 5, 3) and data.train.x.dtype == np.uint8


def test_the_images_of_a_folder_test_are_held_out(load, tmp_path):
    for split, rows in (("train", 4), ("test", 1)):
        for name in ("dog", "cat"):
            for row in range(rows):
                save(GREY[0], tmp_path / split / name / f"{row}.png")
    data = load(source="images", path=str(tmp_path), validation={"fraction": 0.5})
    assert (len(data.train), len(data.validation), len(data.test)) == (4, 4, 2)
    save(GREY[0], tmp_path / "validation" / "cat" / "a.png")
    with pytest.raises(
        DataError, match=r"holds validation too; .*data\.validation: \{source: images, path: "
    ):
        read(tmp_path)


def test_a_split_with_a_folder_of_its_own_has_the_same_size(load, folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    for name in ("cat", "dog"):
        save(np.zeros((9, 9)), other / name / "a.png")
    section = {
        "source": "images",
        "path": str(folder),
        "validation": {"source": "images", "path": str(other)},
    }
    data = load(**section, size=[4, 3])
    assert data.train.x.shape == (4, 4, 3) and data.validation.x.shape == (2, 4, 3)
    with pytest.raises(DataError, match=r"data\.validation: feature 'image' must have shape \(6, 5\)"):
        load(**section)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"])
@pytest.mark.parametrize(("channels", "shape"), [(1, (2, 2)), (3, (2, 2, 3))])
def test_images_of_every_mode_become_grey_or_colours(tmp_path, mode, channels, shape):
    ending = "tif" if mode == "CMYK" else "png"
    save([[0, 255], [255, 0]], tmp_path / "cat" / f"a.{ending}", mode)
    image = read(tmp_path, channels=channels).table.columns["image"][0]
    expected = np.array([[0, 255], [255, 0]], "uint8")
    assert image.shape == shape
    np.testing.assert_array_equal(image.reshape(2, 2, -1)[..., 0], expected)
    grey = mode in ("1", "L", "LA")
    assert read(tmp_path).table.columns["image"].ndim == (3 if grey else 4)


def test_transparent_pixels_become_white(tmp_path):
    save([[[9, 9, 9, 0], [9, 9, 9, 255]]], tmp_path / "cat" / "a.png")
    assert read(tmp_path).table.columns["image"][0, 0, :, 0].tolist() == [255, 9]


def test_images_are_resized_where_it_is_asked_for(folder):
    save(np.full((50, 60), 7), folder / "cat" / "c.png")
    image = read(folder, size=(3, 4)).table.columns["image"]
    assert image.shape == (5, 3, 4) and (image[1] == 7).all()


def test_images_that_differ_from_the_first_are_named_with_the_way_out(folder):
    save(np.zeros((6, 7)), folder / "dog" / "c.png")
    save(np.zeros((6, 7)), folder / "dog" / "d.png")
    message = (
        r"all images must have the size \[6, 5\] of the first, cat/a\.png, but dog/c\.png has \[6, 7\] "
        r"\(so do 1 more files\); set data\.size: \[6, 5\]"
    )
    with pytest.raises(DataError, match=message):
        read(folder)
    save(np.zeros((6, 5, 3)), folder / "dog" / "b.png")
    with pytest.raises(DataError, match=r"channels 1 of the first.*dog/b\.png has 3.*set data\.channels: 1"):
        read(folder, size=(6, 5))


def test_all_files_that_are_no_images_are_named_in_one_error(folder):
    whole = (folder / "cat" / "a.png").read_bytes()
    (folder / "cat" / "a.png").write_bytes(b"")
    (folder / "cat" / "n.jpg").write_bytes(b"no image")
    (folder / "dog" / "c.png").write_bytes(whole[:-30])
    Image.fromarray(np.full((6, 5), 3000, "uint16")).save(folder / "dog" / "d.png")
    with pytest.raises(DataError, match="4 cannot be read: ") as refused:
        read(folder)
    for words in (
        "cat/a.png (it is empty)",
        "cat/n.jpg (cannot identify",
        "dog/c.png (",
        "d.png (it has more than 8",
    ):
        assert words in str(refused.value)


def test_a_folder_of_broken_files_alone_is_refused(tmp_path):
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "a.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"1 cannot be read: cat/a\.png"):
        read(tmp_path)


def test_folders_without_images_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"must hold a folder for each class, .* holds no folders"):
        read(tmp_path)
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "notes.txt").write_text("x")
    with pytest.raises(DataError, match="'cat' holds none; add some"):
        read(tmp_path)
    with pytest.raises(DataError, match=r"must be a folder .* is a file"):
        read(tmp_path / "cat" / "notes.txt")


def test_files_that_are_no_images_by_their_ending_are_said(folder, caplog):
    (folder / "dog" / "notes.txt").write_text("x")
    with caplog.at_level(logging.WARNING, "sparktune"):
        read(folder)
    assert "1 files are no images by their ending and are left out: dog/notes.txt" in caplog.text


@pytest.mark.parametrize("given", [{"size": [28]}, {"size": [0, 28]}, {"size": [5000, 28]}, {"channels": 2}])
def test_a_size_or_channels_that_cannot_be(given):
    with pytest.raises(SpecError, match=next(iter(given))):
        parse_spec({"data": {"source": "images", "path": "x", **given}})


def test_size_and_channels_decide_what_a_study_is():
    plain, grey = ({"source": "images", "path": "x", **more} for more in ({}, {"channels": 1}))
    assert "channels" not in parse_spec({"data": plain}).identity()["data"]
    assert parse_spec({"data": plain}).digest() != parse_spec({"data": grey}).digest()
