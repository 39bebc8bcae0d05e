"""The command that removes what killed processes have left."""

from typing import Annotated

import typer

from sparktune.cli.output import Output, size_text, with_output


@with_output
def clean_command(
    output: Output,
    remove: Annotated[
        bool, typer.Option("--yes", "-y", help="Remove them; without it they are listed.")
    ] = False,
    other_archives: Annotated[
        bool,
        typer.Option(
            "--archives",
            help="Also archives of Spark's classes that are not in use here; others may use them.",
        ),
    ] = False,
) -> None:
    """List or remove what killed processes have left in temporary folders, in memory and in the cache.

    What a live process owns is never listed. Study directories are left alone: resuming one tidies it.
    """
    from sparktune.launch.orphans import find_orphans

    orphans = find_orphans(other_archives)
    removed = [remove and orphan.remove() for orphan in orphans]
    entries = [
        {"what": orphan.what, "path": str(orphan.path), "bytes": orphan.bytes, "removed": gone}
        for orphan, gone in zip(orphans, removed, strict=True)
    ]
    lines = [f"{size_text(orphan.bytes):>11}  {orphan.what}  {orphan.path}" for orphan in orphans]
    output.answer({"orphans": entries, "bytes": sum(o.bytes for o in orphans)}, *lines)
    if not orphans:
        output.note("nothing to remove")
    elif remove:
        output.note(f"{sum(removed)} of {len(orphans)} removed")
    else:
        output.note("nothing was removed; run `sparktune clean --yes` to remove them")
