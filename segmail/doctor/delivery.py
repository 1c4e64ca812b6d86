"""Whether mails can leave: the program, its transport and its state directory."""

from __future__ import annotations

import getpass
import os
from pathlib import Path

from segmail import __version__
from segmail.doctor.findings import Area, AreaFinding, of_faults, ok
from segmail.errors import ConfigError, Fault
from segmail.findings import Finding, Severity
from segmail.maho.config.mail_settings import differing_scopes
from segmail.maho.config.store_config import StoreConfig
from segmail.settings import Settings
from segmail.transport.bounce_address import bounce_address
from segmail.transport.mail_url import MailSettings, SmtpSettings
from segmail.transport.settings import mail_settings
from segmail.trusted_files import check_folder, trusted_owners


def program_findings(settings: Settings) -> list[AreaFinding]:
    """Return whether the running code is the code that was fetched."""
    if not settings.not_upgraded:
        read = settings.file or "no segmail.toml"
        return [ok(Area.PROGRAM, f"segmail {__version__}, configured by {read}.")]
    what = f"The old version {__version__} still runs, because the new one could not be built: "
    advice = "Once that is fixed, run bin/segmail --version; it builds the new one."
    return [Finding(Severity.WARNING, Area.PROGRAM, what + settings.not_upgraded, advice)]


def mail_findings(
    settings: Settings, config: StoreConfig, crypt_key: str | None
) -> list[AreaFinding]:
    """Return what is wrong with the settings of the mail transport; no connection is made."""
    try:
        found = mail_settings(settings, config, crypt_key)
        bounce_address(found, config)
    except ConfigError as error:
        return of_faults(Area.MAIL, error.faults)
    if fault := _readable_password(found):
        return of_faults(Area.MAIL, [fault], Severity.WARNING)
    if settings.smtp_url:
        return [ok(Area.MAIL, "By the URL that was given; no connection was tried.")]
    own = differing_scopes(config)
    whose = f" of the default scope; not used: those of {', '.join(own)}" if own else ""
    return [ok(Area.MAIL, f"By Maho's system/smtp/*{whose}; no connection was tried.")]


def _readable_password(settings: MailSettings) -> Fault | None:
    """Return why others on the network could read the password of the mail server."""
    if not isinstance(settings, SmtpSettings) or not settings.user or settings.is_loopback:
        return None
    if settings.encryption == "never":
        return Fault(
            f"The password for {settings.server} leaves without encryption (starttls=never).",
            "Leave starttls=never out, unless the network on the way is yours alone.",
        )
    if not settings.verify:
        return Fault(
            f"Whoever poses as {settings.server} gets the password: its certificate is not looked "
            "at (verify=off).",
            "Trust its CA with cafile=FILE instead.",
        )
    return None


def state_findings(folder: Path) -> list[AreaFinding]:
    """Return whether this user, and nobody else, can write to or create the state directory."""
    try:
        for one in (folder, folder / "journal"):
            check_folder(one, trusted_owners(folder))
    except ConfigError as error:
        return of_faults(Area.STATE, error.faults)
    if (found := _not_written(folder)) is None:
        return [ok(Area.STATE, f"{folder} can be written.")]
    what, mend = found
    advice = f"{mend}  (or name another: --state-dir, or `state_dir` in segmail.toml)"
    return [Finding(Severity.ERROR, Area.STATE, f"{folder}: {what}.", advice)]


def log_findings(file: Path | None) -> list[AreaFinding]:
    """Return whether this user can write to or create the log and the exception log beside it."""
    if file is None:
        return [ok(Area.LOG, "Lines go to stderr: no log file is named.")]
    advice = "(or name another: --log-file, or `log_file` in segmail.toml)"
    found = []
    for one, so in ((file, "no job begins"), (file.with_name("exception.log"), "no bug is noted")):
        if one.is_dir() or (one.exists() and not os.access(one, os.W_OK)):
            what = f"{one} cannot be written by this user, so {so}."
            mend = f"chown {getpass.getuser()} {one} && chmod u+rw {one}"
            if one.is_dir():
                mend = f"mv {one} {one}.old"
            found.append(Finding(Severity.ERROR, Area.LOG, what, f"{mend}  {advice}"))
    if not file.exists() and (folder := _not_written(file.parent)) is not None:
        what, mend = folder
        found.append(Finding(Severity.ERROR, Area.LOG, f"{file}: {what}.", f"{mend}  {advice}"))
    return found or [ok(Area.LOG, f"{file} can be written.")]


def _not_written(folder: Path) -> tuple[str, str] | None:
    """Return why this user cannot write to, or create, a folder, and the command that mends it."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not there.is_dir():
        return f"{there} is no directory", f"mv {there} {there}.old"
    if os.access(there, os.W_OK | os.X_OK):
        return None
    mend = f"chown {getpass.getuser()} {there} && chmod u+rwx {there}"
    return f"{there} cannot be written by this user", mend
