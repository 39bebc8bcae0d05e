"""Well-known data sets, selected by their names: digits, mnist and fashion_mnist."""

from abc import abstractmethod
from pathlib import Path
from typing import Any, final

from sparktune.data.sources.base import DataSource, Found, Origin
from sparktune.data.sources.idx import idx_tables
from sparktune.data.sources.numpy_files import npz_tables
from sparktune.data.table import Table
from sparktune.errors import DataError


@final
class Digits(DataSource):
    """1,797 handwritten digits that ship inside scikit-learn: image (8, 8) uint8 from 0 to 16, label 0-9."""

    def read(self, origin: Origin) -> Found:
        """The digits."""
        from sklearn.datasets import load_digits

        found = load_digits()
        return Found(_images(found.images.astype("uint8"), found.target, origin.where))


class Images(DataSource):
    """Labelled images that Keras downloads, 60,000 to train on and 10,000 held out; abstract.

    `path` names a copy instead: a folder of idx files, or the .npz archive that Keras keeps.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """The data set's module in `keras.datasets`."""

    def read(self, origin: Origin) -> Found:
        """The images.

        Raises:
            DataError: they cannot be downloaded, or the copy cannot be read.
        """
        if origin.path is None:
            return Found(*downloaded(self.name, origin.where))
        path = origin.file()
        return Found(*(images_npz if path.suffix == ".npz" else idx_tables)(path, origin.where))


@final
class Mnist(Images):
    """Handwritten digits: image (28, 28) uint8, label 0-9."""

    name = "mnist"


@final
class FashionMnist(Images):
    """Pieces of clothing: image (28, 28) uint8, label 0-9."""

    name = "fashion_mnist"


def downloaded(name: str, where: str) -> tuple[Table, Table]:
    """mnist or fashion_mnist through keras.datasets, 60,000 rows to train on and 10,000 held out.

    Raises:
        DataError: it cannot be downloaded.
    """
    from sparktune.data.sources.keras_datasets import load_keras_dataset

    try:
        (x, y), (held_out_x, held_out_y) = load_keras_dataset(name)
    except Exception as error:  # noqa: BLE001 - keras raises a bare Exception when a download fails
        raise DataError(
            f"{where}: {name} cannot be downloaded: {error}; "
            f"give {where}.path, a folder of idx.gz files or an .npz file"
        ) from None
    return _images(x, y, where), _images(held_out_x, held_out_y, where)


def images_npz(path: Path, where: str) -> tuple[Table, Table | None]:
    """The archive that keras.datasets keeps: x_train, y_train, x_test and y_test.

    Raises:
        DataError: it cannot be read, or holds no x or y.
    """
    main, held_out = npz_tables(path, where)
    return _named(main), None if held_out is None else _named(held_out)


def _named(table: Table) -> Table:
    return Table.of(
        [("image", table.values("x", "image")), ("label", table.values("y", "label"))], table.where
    )


def _images(x: Any, y: Any, where: str) -> Table:
    return Table.of([("image", x), ("label", y)], where)
