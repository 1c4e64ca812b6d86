"""Makes root become the shop's own user, who must be able to go on with the files.

A log, a journal or a folder made by root would keep www-data's cron from working, with 78 at each
run. Maho's own console does the same when it is run as root.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterable
from pathlib import Path


def become_owner(maho_root: Path, needed: Iterable[Path] = ()) -> bool:
    """Become the user who owns Maho's `var` (else its root), if root runs this.

    Returns whether that was done: not if the shop is root's, nor if that user could not read Maho's
    local.xml or the program itself (the `needed` files). Then files that root creates are given
    away one by one (`trusted_files`).
    """
    if os.geteuid() != 0:
        return False
    var = maho_root / "var"
    try:
        owner = (var if var.is_dir() else maho_root).stat()
    except OSError:
        return False  # reported by whoever reads there
    if owner.st_uid == 0 or not _may_read(owner, [maho_root / "app/etc/local.xml", *needed]):
        return False
    _set_groups(owner)
    os.setgid(owner.st_gid)
    os.setuid(owner.st_uid)
    return True


def _may_read(owner: os.stat_result, files: Iterable[Path]) -> bool:
    groups, group = os.getgroups(), os.getegid()
    _set_groups(owner)
    os.setegid(owner.st_gid)
    os.seteuid(owner.st_uid)
    try:
        return all(os.access(file, os.R_OK, effective_ids=True) for file in files)
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)


def _set_groups(owner: os.stat_result) -> None:
    try:
        os.initgroups(pwd.getpwuid(owner.st_uid).pw_name, owner.st_gid)
    except KeyError:  # a user without a name, as in containers
        os.setgroups([owner.st_gid])
