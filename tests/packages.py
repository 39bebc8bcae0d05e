"""Packages of others: files in a folder that is on the path, with entry points, as pip would install them."""

import configparser
from collections.abc import Mapping
from pathlib import Path

EntryPoints = Mapping[str, Mapping[str, str]]


def write_package(
    folder: Path, files: Mapping[str, str], points: EntryPoints, name: str = "package-of-others"
) -> None:
    """Write the files of a package, its name, and its entry points: `module:name` by name, by group."""
    for path, text in files.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    about = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    parser = configparser.ConfigParser()
    parser.read_dict(points)
    with (about / "entry_points.txt").open("w") as file:
        parser.write(file)
