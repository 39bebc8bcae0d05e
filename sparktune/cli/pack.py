"""The command that packs this environment for a cluster without images."""

from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from sparktune.cli.options import check_place
from sparktune.cli.output import Output, with_output


@with_output
def pack_command(
    output: Output,
    target: Annotated[
        Path,
        typer.Option("--output", "-o", callback=check_place, help="Archive to write, a .tar.gz or .tgz."),
    ] = Path("environment.tar.gz"),
    exclude: Annotated[
        list[str] | None,
        typer.Option("--exclude", metavar="PACKAGE", help="Leave a package out; may be given many times."),
    ] = None,
    level: Annotated[int, typer.Option(min=0, max=9, help="Compression: 0 is none, 9 the smallest.")] = 1,
) -> None:
    """Pack this Python environment with its interpreter, for executors that have no image of it."""
    from sparktune.packing import pack

    packed = pack(target, exclude or (), level)
    size, unpacked = (f"{count / 1e9:.2f} GB" for count in (packed.size, packed.unpacked))
    answer = {"output": str(target), "bytes": packed.size, "unpacked": packed.unpacked, "files": packed.files}
    output.answer(answer)
    output.note(f"{target} written: {size}, {unpacked} unpacked, {packed.files} files; ship it with")
    output.note(
        "  PYSPARK_DRIVER_PYTHON=python PYSPARK_PYTHON=./environment/bin/python "
        f"spark-submit --archives {_archive(target)}#environment ..."
    )


def _archive(target: Path) -> str:
    """The path as it is where it can be part of a URI, as Spark reads it; else as the URI of the file."""
    return str(target) if quote(str(target)) == str(target) else target.absolute().as_uri()
