"""Texts that are in the campaign file itself, or in a file beside it."""

from __future__ import annotations

import errno
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from segmail.campaigns.entry import FileFaults
from segmail.campaigns.fields import read_text
from segmail.campaigns.markup import MarkupNode, Scalar

_LONGEST = 65_535  # bytes of the columns `template_text` and `template_styles`
_FILE = re.compile(r"[^<>{}\n]*(/[^<>{}\n]*|\.[A-Za-z0-9]{1,8})")


@dataclass(frozen=True)
class Texts:
    """Reads the files that a campaign file names; paths are relative to `folder`."""

    folder: Path

    def read(self, node: MarkupNode, faults: FileFaults) -> str | None:
        """Return a text.

        A single line with a slash or an ending such as `.html` is the path of a file. Text on lines
        of its own, below a `|`, and anything with a tag or a directive, is the text itself.
        """
        if not isinstance(node, Scalar) or node.block or not _is_path(node.text):
            return read_text(node, faults)
        try:
            data = read_plain_file(self.folder / node.text, _LONGEST + 1)
            if len(data) > _LONGEST:
                what = (
                    f"The file '{node.text}' is longer than {_LONGEST:,} bytes, the most possible."
                )
                faults.add(node.line, what)
                return None
            return data.decode("utf-8-sig")
        except OSError as error:
            reason = error.strerror or "it cannot be read"
            what = f"There is no file '{self.folder / node.text}' to read: {reason}."
            faults.add(node.line, f"{what} The text itself belongs on lines of its own, below '|'.")
        except UnicodeDecodeError:
            faults.add(node.line, f"The file '{node.text}' is not UTF-8.")
        return None


def read_plain_file(path: Path, most: int) -> bytes:
    """Return the first `most` bytes of a plain file; raise OSError also for a pipe or a device."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as opened:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is not a plain file", str(path))
        return opened.read(most)


def _is_path(text: str) -> bool:
    """Return whether a text names a file; one that begins with a space never does."""
    return text.isprintable() and text == text.strip() and bool(_FILE.fullmatch(text))
