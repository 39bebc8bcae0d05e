"""What a bundle says about itself: `manifest.json`, the first file read and the last one written."""

import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any, Literal, final

from pydantic import Field, SerializerFunctionWrapHandler, ValidationError, model_serializer

from sparktune.columns.schema import Schema
from sparktune.errors import BundleError
from sparktune.spec.base import Count, Frozen, Name, Section, Whole

MANIFEST = "manifest.json"
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
RESERVED = ("self",)
SAME_FILE = {"sql": "numpy"}  # engines that can read the file of another one


@final
class Lineage(Section):
    """Where a model comes from. `value` is the objective at `epoch` (from 1), the epoch of the weights."""

    study: Name
    study_id: Name
    trial: Whole
    params: dict[str, Any]
    metric: Name
    direction: Literal["maximize", "minimize"]
    value: float
    epoch: Count
    data_digest: str = Field(description="sha256 of the data set")
    source: str | None = Field(None, description="Python source of a builder of a notebook or script")

    @model_serializer(mode="wrap")
    def _without_missing_source(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Manifests without a source stay as earlier versions wrote and read them."""
        fields: dict[str, Any] = handler(self)
        return {name: value for name, value in fields.items() if name != "source" or value is not None}


@final
class Tensor(Section):
    """The model's one input: `shape` of a row, numpy `dtype`."""

    shape: tuple[int, ...] = Field(strict=False)
    dtype: Name


@final
class Manifest(Frozen):
    """Inputs by column, outputs, label map, engine files and their digests.

    Scaling is part of the model: columns go in raw. `engines` names the file or folder of each engine; the
    first one predicts. `serving` maps a feature column to its tensor in the SavedModel's signature; `files`
    maps a path inside the bundle to its sha256; `digest` is the sha256 of all else in the manifest.
    """

    format: Literal[1] = 1
    columns: Schema = Field(alias="schema")
    tensor: Tensor
    serving: dict[str, str]
    lineage: Lineage
    engines: dict[str, str] = Field(min_length=1)
    versions: dict[str, str]
    files: dict[str, str]
    digest: str = ""

    @property
    def engine(self) -> str:
        """The name of the engine that predicts."""
        return next(iter(self.engines))

    def with_engine(self, name: str) -> "Manifest":
        """The same manifest with this engine as the one that predicts; the digest does not change.

        Raises:
            BundleError: the bundle does not have it.
        """
        file = self.engines.get(name) or self.engines.get(SAME_FILE.get(name, name))
        if file is None:
            raise BundleError(
                f"engine must be one that the bundle has, {' or '.join(self.engines)}, but got {name!r}; "
                "choose one of them, or export the model again with it"
            )
        return self.model_copy(update={"engines": {name: file, **self.engines}})

    def files_of(self, engine: str) -> dict[str, str]:
        """The digests of an engine's files, by their paths inside the bundle."""
        place = self.engines[engine]
        return {name: d for name, d in self.files.items() if name == place or name.startswith(f"{place}/")}

    def sealed(self) -> "Manifest":
        """The same manifest with its digest."""
        return self.model_copy(update={"digest": self._computed_digest()})

    def to_json(self) -> str:
        """The text of the manifest's file: indented JSON and a line end."""
        return json.dumps(self.model_dump(mode="json", by_alias=True), indent=2) + "\n"

    def _computed_digest(self) -> str:
        content = self.model_dump(mode="json", by_alias=True, exclude={"digest"})
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @classmethod
    def from_json(cls, text: str | bytes, where: str) -> "Manifest":
        """The manifest in a JSON text.

        Raises:
            BundleError: it is not a manifest of a format this version reads, or was changed after the export.
        """
        try:
            manifest = cls.model_validate_json(text)
        except ValidationError as error:
            rules = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:3])
            raise BundleError(
                f"{where} is not a manifest that this version reads ({rules}); export again"
            ) from None
        if manifest.digest != manifest._computed_digest():
            raise BundleError(f"{where} was changed after the export: its digest does not fit; export again")
        return manifest


def input_names(schema: Schema) -> dict[str, str]:
    """Each feature column's tensor in the signature: its own name, or `column_2` for the second one.

    Signatures take ASCII letters, digits and underscores after a letter, and do not tell case apart.
    """
    names: dict[str, str] = {}
    taken = {feature.name.lower() for feature in schema.features} | set(RESERVED)
    used: set[str] = set()
    for index, feature in enumerate(schema.features, start=1):
        lower = feature.name.lower()
        if NAME.fullmatch(feature.name) and lower not in used and lower not in RESERVED:
            names[feature.name] = feature.name
        else:
            names[feature.name] = _free(f"column_{index}", taken | used)
        used.add(names[feature.name].lower())
    return names


def _free(name: str, taken: set[str]) -> str:
    return name if name not in taken else _free(f"{name}_", taken)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the bundle in `folder`; the other files are not looked at.

    Raises:
        BundleError: there is none, or it cannot be trusted.
    """
    try:
        text = (folder / MANIFEST).read_bytes()
    except OSError as error:
        raise BundleError(
            f"the model {str(folder)!r} must be a bundle, but {MANIFEST} cannot be read ({error.strerror}); "
            "give the folder that a study exported, or an MLflow URI such as models:/name@champion"
        ) from None
    return Manifest.from_json(text, str(folder / MANIFEST))


def digests(folder: Path) -> dict[str, str]:
    """sha256 of every file below `folder`, by relative path; each is on disk when this returns."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p != folder / MANIFEST)
    return {p.relative_to(folder).as_posix(): file_digest(p) for p in files}


def file_digest(path: Path) -> str:
    """sha256 of a file, which is flushed to disk first."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        return hashlib.file_digest(file, "sha256").hexdigest()


def unchanged(path: Path, digest: str) -> bytes:
    """What a file of a bundle holds that was loaded before, compared with its sha256.

    Raises:
        BundleError: it has changed, or is gone.
    """
    content = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(content).hexdigest() != digest:
        raise _changed(path, digest)
    return content


def check_unchanged(folder: Path, manifest: Manifest, engine: str) -> None:
    """Compare the files of an engine, in a bundle that was loaded before, with their sha256.

    Raises:
        BundleError: one has changed, or is gone.
    """
    for name, digest in manifest.files_of(engine).items():
        if not (folder / name).is_file() or file_digest(folder / name) != digest:
            raise _changed(folder / name, digest)


def _changed(path: Path, digest: str) -> BundleError:
    """The error for a file of a bundle that was loaded before."""
    return BundleError(
        f"{str(path)!r} has changed since the bundle was loaded: its sha256 must be {digest}; load the "
        "bundle again"
    )


def _members(folder: Path) -> set[str]:
    """The relative paths of all that lies below `folder`, besides the folders themselves."""
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_symlink() or not p.is_dir()}


def verify_digests(folder: Path, manifest: Manifest) -> None:
    """Compare every file with its digest.

    Raises:
        BundleError: a file is missing, was changed or added, or lies outside the bundle.
    """
    added = sorted(p for p in _members(folder) if p not in {MANIFEST, *manifest.files})
    if added:
        raise BundleError(
            f"{str(folder / added[0])!r} was added after the export: a bundle holds the files of its "
            "manifest alone; remove it, or export again"
        )
    for engine, file in manifest.engines.items():
        if not manifest.files_of(engine):
            raise BundleError(
                f"{folder / MANIFEST} names the engine {file!r}, but gives no digest; export again"
            )
    for name, expected in manifest.files.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise BundleError(
                f"{folder / MANIFEST} names {name!r}, which lies outside the bundle; export again"
            )
        if not path.is_file():
            raise BundleError(f"{str(path)!r} is missing from the bundle; export or download it again")
        if file_digest(path) != expected:
            raise BundleError(
                f"{str(path)!r} was changed after the export: its sha256 must be {expected}; "
                "export or download it again"
            )
