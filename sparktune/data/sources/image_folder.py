"""A folder of images, with a folder for each class, read with Pillow."""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import numpy as np

from sparktune.cores import usable_cores
from sparktune.data.mapped import allocate
from sparktune.data.sources.base import DataSource, Found, Origin
from sparktune.data.table import Table
from sparktune.errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image

ENDINGS = {".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
SPLITS = {"train", "test", "validation", "val"}
GREY, COLOUR = 1, 3
MODES = {GREY: "L", COLOUR: "RGB"}  # Pillow's names of what images become
GREY_MODES = {"1", "L", "LA", "La"}
DEEP_MODES = {"I", "F", "I;16", "I;16L", "I;16B", "I;16N"}
BLOCK = 64  # images that a thread reads in one go
SHOWN = 5  # files that a message names

log = logging.getLogger("sparktune")


@final
class ImageFolder(DataSource):
    """Images (PNG, JPEG, BMP, GIF, TIFF, WebP, PPM), whose label is the name of their folder.

    The column `image` is uint8 from 0 to 255, (rows, height, width) for grey images and (rows, height, width,
    3) for colours; the column `label` is text. Rows are in order of folder and file, so that a split by
    `last` would hold the last classes alone. Files in folders of a class's folder belong to that class;
    hidden files are left out. Where the folder holds `train` and `test`, the images of `test` are held out.
    Transparent pixels become white; of several frames the first one counts.
    """

    def read(self, origin: Origin) -> Found:
        """The images, resized to `origin.size` and turned into `origin.channels` where these are given.

        Raises:
            DataError: no folder of a class, one without images, files that are no whole images (all of them
            are named), or images of different sizes or channels where it is not said what all become.
        """
        root = origin.file()
        main, held_out = _folders_of_splits(root, origin.where)
        files = [_class_files(folder, origin.where) for folder in (main, held_out) if folder is not None]
        form = _form(files[0], root, origin)
        tables = [
            Table.of(
                [
                    ("image", _decoded(images, form, root, origin.where)),
                    ("label", np.array([label for label, _ in images])),
                ],
                origin.where,
            )
            for images in files
        ]
        return Found(*tables)


Labelled = tuple[str, Path]  # an image's class and its file


@final
@dataclass(frozen=True)
class _Form:
    """What images become: height and width, and channels; `first` is the image that says what is not set."""

    size: tuple[int, int]
    channels: int
    first: str
    resize: bool
    convert: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one image's array."""
        return self.size if self.channels == GREY else (*self.size, self.channels)

    def check(self, image: "Image") -> None:
        """Refuse an image that is not what the first one is, where this is not changed.

        Raises:
            _UnlikeError: it has another size or other channels.
        """
        if not self.resize and _size(image) != self.size:
            raise _UnlikeError("size", list(self.size), list(_size(image)))
        if not self.convert and _channels(image) != self.channels:
            raise _UnlikeError("channels", self.channels, _channels(image))


@final
class _UnlikeError(Exception):
    """An image is not what the first one is: the field of `data` that would change it, and both values."""

    def __init__(self, field: str, first: Any, found: Any) -> None:
        super().__init__(field, first, found)
        self.field, self.first, self.found = field, first, found


def _folders_of_splits(root: Path, where: str) -> tuple[Path, Path | None]:
    """The folder that holds the folders of the classes, and that of the images held out."""
    if not root.is_dir():
        raise DataError(
            f"{where}.path must be a folder that holds a folder for each class, but {str(root)!r} is a file"
        )
    names = {folder.name for folder in _folders(root, where)}
    if "train" not in names or names - SPLITS or not _folders(root / "train", where):
        return root, None
    for name in sorted(names & {"validation", "val"}):
        test = f", data.test: {{source: images, path: {root / 'test'}}}" if "test" in names else ""
        raise DataError(
            f"{where}.path must hold train and test, or a folder for each class, but {str(root)!r} holds "
            f"{name} too; name each: data.path: {root / 'train'}, data.validation: {{source: images, path: "
            f"{root / name}}}{test}"
        )
    return root / "train", root / "test" if "test" in names else None


def _folders(folder: Path, where: str) -> list[Path]:
    """The folders in a folder, in order of name, but hidden ones."""
    try:
        return sorted(each for each in folder.iterdir() if each.is_dir() and not each.name.startswith("."))
    except OSError as error:
        raise DataError(f"{where}.path: cannot read {str(folder)!r}: {error}") from None


def _class_files(folder: Path, where: str) -> list[Labelled]:
    """The images of all classes, in order of class and file."""
    images: list[Labelled] = []
    others: list[Path] = []
    for each in _folders(folder, where):
        places = {file: file.relative_to(folder).parts for file in sorted(each.rglob("*")) if file.is_file()}
        files = [file for file, parts in places.items() if not any(part.startswith(".") for part in parts)]
        found = [(each.name, file) for file in files if file.suffix.lower() in ENDINGS]
        if not found:
            raise DataError(
                f"{where}.path: each folder in {str(folder)!r} must hold images of a class "
                f"({' '.join(sorted(ENDINGS))}), but {each.name!r} holds none; add some, or take it away"
            )
        images += found
        others += [file for file in files if file.suffix.lower() not in ENDINGS]
    if not images:
        raise DataError(
            f"{where}.path must hold a folder for each class, with its images, but {str(folder)!r} holds no "
            "folders; the name of the folder is the label"
        )
    if others:
        log.warning(
            "%s.path: %d files are no images by their ending and are left out: %s",
            where,
            len(others),
            _listed([str(file.relative_to(folder)) for file in others]),
        )
    return images


def _form(images: Sequence[Labelled], root: Path, origin: Origin) -> _Form:
    """What images become: what is given, and else what the first one that can be opened is."""
    from PIL import Image

    given = origin.size is not None, origin.channels is not None
    for _, file in images:
        try:
            with Image.open(file) as image:
                found = origin.size or _size(image), origin.channels or _channels(image)
        except Exception:  # noqa: BLE001 - whatever is wrong with it, decoding says so
            continue
        return _Form(*found, str(file.relative_to(root)), *given)
    return _Form(origin.size or (1, 1), origin.channels or GREY, "", *given)


def _size(image: "Image") -> tuple[int, int]:
    return image.height, image.width


def _channels(image: "Image") -> int:
    return GREY if image.mode in GREY_MODES else COLOUR


def _decoded(images: Sequence[Labelled], form: _Form, root: Path, where: str) -> np.ndarray:
    """All images as uint8 (rows, *form.shape); threads decode them, as Pillow lets them run side by side."""
    pixels = allocate((len(images), *form.shape), np.dtype(np.uint8))

    def fill(start: int) -> list[tuple[str, Exception]]:
        wrong: list[tuple[str, Exception]] = []
        for row, (_, file) in enumerate(images[start : start + BLOCK], start):
            try:
                pixels[row] = _pixels(file, form)
            except Exception as error:  # noqa: BLE001 - Pillow raises many kinds for damaged files
                wrong.append((str(file.relative_to(root)), error))
        return wrong

    with ThreadPoolExecutor(usable_cores()) as pool:
        wrong = [each for found in pool.map(fill, range(0, len(images), BLOCK)) for each in found]
    if wrong:
        raise _refusal(wrong, form, root, where)
    return pixels


def _pixels(file: Path, form: _Form) -> np.ndarray:
    """One image as uint8 of `form.shape`."""
    from PIL import Image

    if not file.stat().st_size:
        raise ValueError("it is empty")
    with Image.open(file) as image:
        if image.mode in DEEP_MODES:
            raise ValueError("it has more than 8 bits a pixel; save it with values from 0 to 255")
        form.check(image)
        found: Image.Image = image
        if image.has_transparency_data:
            found = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
        found = found.convert(MODES[form.channels])
    if _size(found) != form.size:
        found = found.resize(form.size[::-1], Image.Resampling.BILINEAR)
    return np.asarray(found)


def _refusal(wrong: list[tuple[str, Exception]], form: _Form, root: Path, where: str) -> DataError:
    """The one error of all files that cannot be used; broken ones come before those of another form."""
    broken = [f"{file} ({error})" for file, error in wrong if not isinstance(error, _UnlikeError)]
    if broken:
        return DataError(
            f"{where}.path: every image must be a whole file that Pillow reads, but in {str(root)!r} "
            f"{len(broken)} cannot be read: {_listed(broken)}; repair them or take them away"
        )
    unlike = [(file, error) for file, error in wrong if isinstance(error, _UnlikeError)]
    file, first = unlike[0]
    others = f" (so do {len(unlike) - 1} more files)" if len(unlike) > 1 else ""
    return DataError(
        f"{where}.path: all images must have the {first.field} {first.first} of the first, {form.first}, but "
        f"{file} has {first.found}{others}; set data.{first.field}: {first.first} to change all alike"
    )


def _listed(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
