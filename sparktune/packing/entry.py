"""One file of an archive."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import final


@final
@dataclass(frozen=True)
class ArchiveEntry:
    """What the archive holds under a name.

    Attributes:
        name: path below the archive's root, with forward slashes.
        source: the file whose bytes and permissions it gets, or the link that it repeats.
        content: the bytes in the place of the file's; its permissions stay.
        link: relative target, where it is a symbolic link.
    """

    name: str
    source: Path
    content: bytes | None = None
    link: str | None = None

    @property
    def mode(self) -> int:
        """Permissions: readable by all, and executable by all where its owner may execute it."""
        return 0o755 if self.source.stat().st_mode & stat.S_IXUSR else 0o644


def files_below(folder: Path, left_out: frozenset[str] = frozenset()) -> list[Path]:
    """Files and links below a folder in the order of their names, without bytecode.

    Args:
        folder: where to look.
        left_out: paths relative to `folder` of files and folders that are not wanted.
    """
    found: list[Path] = []
    for place, folders, files in os.walk(folder):
        here = Path(place)
        relative = here.relative_to(folder)
        wanted = [n for n in sorted(folders) if n != "__pycache__" and str(relative / n) not in left_out]
        links = [name for name in wanted if (here / name).is_symlink()]
        folders[:] = [name for name in wanted if name not in links]
        names = [n for n in files if not n.endswith(".pyc") and str(relative / n) not in left_out]
        found += [here / name for name in sorted(links + names)]
    return found
