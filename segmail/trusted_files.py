"""Files that are obeyed because of their place: they must belong to somebody this run trusts.

Trusted are root, the user who runs this, and the owner of the given Maho root: that owner can run
any code in the shop anyway. A file that anybody may write or replace could say anything.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from pathlib import Path

from segmail.errors import ConfigError

_FOLDER_MODE = 0o750
_LARGEST = 1_048_576  # bytes; such files have a few kilobytes


def trusted_owners(maho_root: Path | None = None) -> frozenset[int]:
    """Return the ids of the users whose files may be obeyed."""
    owners = {0, os.geteuid()}
    if maho_root is not None and (owner := owner_of(maho_root)) is not None:
        owners.add(owner)
    return frozenset(owners)


def owner_of(path: Path) -> int | None:
    """Return the id of a file's owner; None if the file does not exist, or cannot be seen."""
    try:
        return path.stat().st_uid
    except OSError:
        return None


def give_to_owner_of(folder: Path, made: Path | int) -> None:
    """Give what root has created in a folder to the folder's owner and group."""
    if os.geteuid() == 0:
        found = folder.stat()
        if isinstance(made, int):
            os.fchown(made, found.st_uid, found.st_gid)
        else:  # a file put in its place meanwhile is not given away
            os.chown(made, found.st_uid, found.st_gid, follow_symlinks=False)


def no_link_of_others(folder: Path) -> int:
    """Return the flag with which root opens a file in another user's folder.

    A link there would lead root wherever that user likes.
    """
    is_theirs = os.geteuid() == 0 and owner_of(folder) not in (0, None)
    return os.O_NOFOLLOW if is_theirs else 0


def make_folder(folder: Path) -> None:
    """Create a folder as Maho creates its var/log, with its parents, if it is missing.

    What root creates gets the owner of the folder above, so that the shop's own user can go on
    there. Raises OSError.
    """
    if not folder.exists():
        make_folder(folder.parent)
        folder.mkdir(mode=_FOLDER_MODE, exist_ok=True)
        give_to_owner_of(folder.parent, folder)


def read_trusted(file: Path, owners: Collection[int]) -> str:
    """Return the text of a file that is to be obeyed, without a byte order mark.

    Raises FileNotFoundError if it does not exist, and ConfigError if it cannot be read, is not a
    plain file (a pipe would never end), is larger than a configuration can be, is not UTF-8, or is
    not to be trusted.
    """
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileNotFoundError(str(file)) from error
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}.") from error
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        raise ConfigError(f"{file}: cannot be read: it is no plain file.")
    with os.fdopen(descriptor, "rb") as opened:
        if found.st_size > _LARGEST:
            raise ConfigError(f"{file}: cannot be read: it has more than {_LARGEST:,} bytes.")
        if fault := _distrust(found, owners) or _loose_folder(file.absolute().parent, owners):
            raise ConfigError(f"{file} is not obeyed: {fault}.")
        content = opened.read()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: cannot be read: it is not UTF-8 text.") from error


def check_folder(folder: Path, owners: Collection[int]) -> None:
    """Raise ConfigError if others could write what is kept in a folder; it need not exist."""
    try:
        found = folder.stat()
    except OSError:
        return  # reported by whoever writes into it
    if fault := _distrust(found, owners):
        raise ConfigError(f"The folder {folder} is not to be trusted: {fault}.")


def _distrust(found: os.stat_result, owners: Collection[int]) -> str:
    """Return why a file is not trusted, with what to do; '' if it is."""
    if found.st_mode & stat.S_IWOTH:
        return "everybody may write it (chmod o-w)"
    if found.st_uid not in owners:
        return (
            f"it belongs to {_user(found.st_uid)}, who is neither root nor the user who runs "
            "segmail nor the owner of the shop (chown it, or run segmail as its owner)"
        )
    return ""


def _loose_folder(folder: Path, owners: Collection[int]) -> str:
    """Return why files of a folder could be exchanged; sticky ones protect their owners' files."""
    found = folder.stat()
    if found.st_mode & stat.S_ISVTX or not (fault := _distrust(found, owners)):
        return ""
    return f"of its folder {folder}, {fault}"


def _user(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
