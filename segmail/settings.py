"""A run's settings: options and environment, then segmail.toml, then Maho's own local.xml.

Everything is checked at once: one `ConfigError` lists every fault with the option, key or file to
fix. Values that depend on a store come from the database instead
(`segmail.maho.config.store_config`).
"""

from __future__ import annotations

import math
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from sqlalchemy import URL

from segmail.database_url import parse_database_url
from segmail.errors import ConfigError, Fault
from segmail.maho.config.local_xml import LocalXml, is_table_prefix, read_local_xml
from segmail.sending_rules import DEFAULT, RULES, SendingRules
from segmail.sending_rules import NONE as NO_RULE
from segmail.toml_table import read_table
from segmail.trusted_files import read_trusted, trusted_owners


@dataclass(frozen=True)
class DeliverySettings:
    """How `process-emails` sends; the `[delivery]` table of segmail.toml."""

    connections: int = 16  # parallel SMTP connections, at most
    workers: int = 3  # at most so many sending processes; see docs/configuration.md
    domain_per_minute: int = 0  # messages to one recipient domain; 0: as fast as possible
    batch: int = 300  # rows claimed at a time, by all processes of a run together
    lease_minutes: int = 15  # how long a claim is held before another run may take it
    grace_minutes: int = 60  # how long another host's unanswered attempt is left to it
    # Rows later than this are skipped instead of sent; 0: none is too late.
    stale_days: int = field(default=7, metadata={"least": 0})
    keep_distance: bool = True  # a step waits if the one before it was sent late
    recheck_seconds: int = 5  # how old the last check of a row may be when its mail begins
    attempts: int = 24  # tries before a deferred message fails: within 4 to 5 days
    beside_maho: bool = False  # send although Maho's own job sends, too
    retry_minutes: int = 10  # pause before the second try; doubles each time, to six hours

    @property
    def lateness(self) -> timedelta | None:
        """How long after its due time a row may end; None if nothing is too late."""
        if not self.stale_days:
            return None
        return timedelta(days=self.stale_days + 1) + self.attempts * timedelta(hours=8)


@dataclass(frozen=True)
class SegmentSettings:
    """How `refresh-segments` refreshes; the `[segments]` table of segmail.toml."""

    enrol_limit: int = 5_000  # a refresh that would enrol more customers enrols nobody
    late_days: int = 7  # time for a new member to subscribe and still be enrolled
    chunk: int = 5_000  # customers written by one transaction of a large refresh
    # In a shop of fewer customers each refresh asks everybody.
    everybody_below: int = field(default=20_000, metadata={"least": 0})


@dataclass(frozen=True)
class SendingRuleSettings:
    """When mails may be sent, and how many; the `[sending_rules]` table of segmail.toml.

    The words are those of a campaign file, whose own rules replace these; `none` is no rule.
    """

    cap: str = NO_RULE  # mails to a customer: 2 per day, 4 per week
    window: str = NO_RULE  # hours in which mails are sent, by the store's clock: 9:00-20:00
    quiet_hours: str = NO_RULE  # hours in which no mails are sent: 22:00-7:00
    weekdays: str = NO_RULE  # days on which mails are sent: mon-fri
    gap: str = NO_RULE  # minimum time between two mails to a customer: 4 hours
    expiry: str = NO_RULE  # a step that is later than this is skipped: 3 days

    def rules(self) -> SendingRules:
        """Return the rules; raises ValueError for words that describe none."""
        return SendingRules().with_chosen(dict(vars(self)))


@dataclass(frozen=True)
class TemplateSettings:
    """How templates are rendered; the `[templates]` table of segmail.toml."""

    autoescape: bool = False  # escape what {{var}} prints into HTML; Maho prints it raw


@dataclass(frozen=True)
class CouponWords:
    """How a coupon's discount is worded in one language; '' if nothing is given.

    `{amount}` stands for a number or a sum, `{discount}` for one of the first three. It is a
    `[coupon_words.LANGUAGE]` table of segmail.toml.
    """

    percent: str = ""  # off every price
    fixed: str = ""  # a sum off every product
    cart: str = ""  # a sum off the cart
    free_shipping: str = ""
    with_free_shipping: str = ""  # a discount, and free shipping

    def over(self, others: CouponWords) -> CouponWords:
        """Return these words; where they are empty, those of `others`."""
        return replace(others, **{name: text for name, text in vars(self).items() if text})


_IN_WORDS = {
    "percent": "{amount}",
    "fixed": "{amount}",
    "cart": "{amount}",
    "with_free_shipping": "{discount}",
}


@dataclass(frozen=True)
class MessageSettings:
    """How mails are composed; the `[message]` table of segmail.toml."""

    text_part: bool = True  # a plain-text part beside the HTML
    utm: bool = False  # utm_… parameters on links to the shop
    utm_source: str = "newsletter"
    utm_medium: str = "email"
    utm_hosts: tuple[str, ...] = ()  # other domains whose links get them too
    # By language or locale; the tables `[coupon_words.…]`.
    coupon_words: Mapping[str, CouponWords] = field(default_factory=dict)
    # By name: what a customer must have ordered, in base currency; the table `[loyalty]`.
    loyalty_tiers: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class StatusSettings:
    """When `status` says that something needs a person; the `[status]` table of segmail.toml."""

    overdue_minutes: int = 60  # how long a due row may wait
    send_minutes: int = 30  # how long ago process-emails may last have done its job, on any host
    refresh_minutes: int = 120  # the same for refresh-segments
    daily_minutes: int = 2_880  # the same for the cleanups and report --log, once they have run


@dataclass(frozen=True)
class DoctorSettings:
    """What `doctor --dns` cannot find out; the `[doctor]` table of segmail.toml."""

    dkim_selectors: tuple[str, ...] = ()  # with which the shop's mails are signed
    nameserver: str = "system"  # which DNS server to ask: the system's, ADDRESS, or ADDRESS:PORT


@dataclass(frozen=True)
class Settings:
    """All settings of a run, checked."""

    state_dir: Path
    database_url: URL | None = None
    table_prefix: str = ""
    crypt_key: str | None = field(default=None, repr=False)
    maho_root: Path | None = None
    log_file: Path | None = None
    smtp_url: str | None = field(default=None, repr=False)
    enabled: bool | None = None
    heed_maintenance: bool = True  # do nothing while Maho's maintenance.flag exists
    overrides: Mapping[str, str] = field(default_factory=dict, repr=False)  # MAHO_CONFIG__…
    file: Path | None = None  # the segmail.toml that was read
    sources: Mapping[str, str] = field(default_factory=dict)  # where each given setting comes from
    not_upgraded: str | None = None  # why bin/segmail runs an older commit than its checkout has
    delivery: DeliverySettings = DeliverySettings()
    segments: SegmentSettings = SegmentSettings()
    sending_rules: SendingRuleSettings = SendingRuleSettings()
    templates: TemplateSettings = TemplateSettings()
    message: MessageSettings = MessageSettings()
    status: StatusSettings = StatusSettings()
    doctor: DoctorSettings = DoctorSettings()

    @property
    def maintenance_flag(self) -> Path | None:
        """The file that keeps the jobs from running while Maho is in maintenance, if it is there.

        `heed_maintenance = false` in segmail.toml ignores it.
        """
        if not self.heed_maintenance or self.maho_root is None:
            return None
        flag = self.maho_root / "maintenance.flag"
        return flag if flag.exists() else None

    def secrets(self) -> tuple[str, ...]:
        """Return everything that no log line and no message may contain."""
        told = [self.crypt_key]
        if self.database_url is not None and self.database_url.password is not None:
            told.append(str(self.database_url.password))
        if self.smtp_url and "@" in self.smtp_url:
            password = self.smtp_url.rpartition("@")[0].partition("://")[2].partition(":")[2]
            told += [password, unquote(password)]
        return tuple(secret for secret in told if secret)

    def require_database(self) -> URL:
        """Return the database's URL; raise ConfigError saying how to give one."""
        if self.database_url is None:
            raise ConfigError(
                "No shop is named: give --maho-root DIR (with app/etc/local.xml) or "
                "--database-url URL, or set SEGMAIL_MAHO_ROOT or SEGMAIL_DATABASE_URL, "
                "or write `maho_root` or `database_url` into segmail.toml."
            )
        return self.database_url


def load_settings(given: Mapping[str, Any], environ: Mapping[str, str]) -> Settings:
    """Return the settings of a run.

    `given` are the global options by name (None if absent; Click has already read their `SEGMAIL_…`
    variables); `environ` is the process environment.

    Raises ConfigError with every fault found.
    """
    faults: list[Fault] = []
    options = {key: value for key, value in given.items() if value is not None}
    if not any(options.get(key) for key in ("maho_root", "database_url", "config")):
        options |= _shop_here()
    file, told = _read_toml(options, faults)
    if file is not None:
        told = _from(file, told)
    told |= options
    if url := environ.get("SEGMAIL_SMTP_URL"):
        told["smtp_url"] = url
    _check_texts(told, faults)
    root = Path(told["maho_root"]).expanduser() if told.get("maho_root") else None
    local = _read_maho(root, told, environ, faults)
    settings = Settings(
        state_dir=_state_dir(told, root, environ),
        database_url=_database_url(told, local, faults),
        table_prefix=_table_prefix(told, local, faults),
        crypt_key=local.crypt_key if local else None,
        maho_root=root,
        log_file=_log_file(told, root),
        smtp_url=told.get("smtp_url"),
        enabled=told.get("enabled"),
        heed_maintenance=told.get("heed_maintenance", True),
        overrides={k: v for k, v in environ.items() if k.startswith("MAHO_CONFIG__")},
        file=file,
        sources=_sources(options, told, environ, file, local),
        not_upgraded=environ.get("SEGMAIL_NOT_UPGRADED"),
        delivery=read_table("delivery", DeliverySettings, told, file, faults),
        segments=read_table("segments", SegmentSettings, told, file, faults),
        sending_rules=_sending_rules(told, file, faults),
        templates=read_table("templates", TemplateSettings, told, file, faults),
        message=replace(
            read_table("message", MessageSettings, told, file, faults),
            coupon_words=_coupon_words(told, file, faults),
            loyalty_tiers=_loyalty_tiers(told, file, faults),
        ),
        status=read_table("status", StatusSettings, told, file, faults),
        doctor=read_table("doctor", DoctorSettings, told, file, faults),
    )
    if faults:
        raise ConfigError(faults)
    return settings


_TOP_LEVEL: dict[str, type] = {
    "maho_root": str,
    "database_url": str,
    "table_prefix": str,
    "state_dir": str,
    "log_file": str,
    "smtp_url": str,
    "enabled": bool,
    "heed_maintenance": bool,
    "delivery": dict,
    "segments": dict,
    "sending_rules": dict,
    "templates": dict,
    "message": dict,
    "coupon_words": dict,
    "loyalty": dict,
    "status": dict,
    "doctor": dict,
}


def _read_toml(given: Mapping[str, Any], faults: list[Fault]) -> tuple[Path | None, dict[str, Any]]:
    file = _toml_file(given)
    if file is None:
        return None, {}
    root = given.get("maho_root")
    try:
        told = _parse_toml(file, read_trusted(file, trusted_owners(Path(root) if root else None)))
    except ConfigError as error:
        faults.extend(error.faults)
        return file, {}
    except FileNotFoundError:
        faults.append(Fault(f"{file}: cannot be read: there is no such file."))
        return file, {}
    for key, value in list(told.items()):
        if key not in _TOP_LEVEL:
            known = ", ".join(_TOP_LEVEL)
            faults.append(Fault(f"{file}: unknown key `{key}`; known are {known}."))
        elif not isinstance(value, _TOP_LEVEL[key]):
            faults.append(Fault(f"{file}: `{key}` must be a {_TOP_LEVEL[key].__name__}."))
            del told[key]
        elif isinstance(value, str) and not value.strip() and key != "table_prefix":
            faults.append(Fault(f"{file}: `{key}` is empty; leave it out."))
            del told[key]
    return file, told


def _coupon_words(
    told: Mapping[str, Any], file: Path | None, faults: list[Fault]
) -> dict[str, CouponWords]:
    """Read the tables `[coupon_words.LANGUAGE]`; each text contains its placeholder."""
    tables = {f"coupon_words.{key}": table for key, table in told.get("coupon_words", {}).items()}
    found: dict[str, CouponWords] = {}
    for name, table in tables.items():
        if not isinstance(table, dict):
            faults.append(Fault(f"{file}: `{name}` must be a table, such as [coupon_words.de]."))
            continue
        words = read_table(name, CouponWords, tables, file, faults)
        for item in fields(CouponWords):
            text, needed = getattr(words, item.name), _IN_WORDS.get(item.name)
            if text and needed and needed not in text:
                faults.append(Fault(f"{file}: `{name}.{item.name}` must have {needed} in it."))
        found[name.partition(".")[2]] = words
    return found


def _sending_rules(
    told: Mapping[str, Any], file: Path | None, faults: list[Fault]
) -> SendingRuleSettings:
    found = read_table("sending_rules", SendingRuleSettings, told, file, faults)
    plain = {}
    for name, kind in RULES.items():
        words = getattr(found, name)
        try:
            plain[name] = kind.plain(words)
        except ValueError:
            plain[name] = DEFAULT
        if plain[name] == DEFAULT:
            what = f"`sending_rules.{name}` must be {kind.allowed} or 'none', not '{words}'"
            faults.append(Fault(f"{file}: {what}."))
            plain[name] = NO_RULE
    read = SendingRuleSettings(**plain)
    if not read.rules().allows_hours():
        faults.append(Fault(f"{file}: `sending_rules` allow no minute of the week."))
    return read


def _parse_toml(file: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except ValueError as error:  # also a number with more digits than Python reads
        reason = str(error).partition("; use ")[0]
    except RecursionError:
        reason = "it is nested too deeply"
    raise ConfigError(f"{file}: not valid TOML: {reason}.")


def _loyalty_tiers(
    told: Mapping[str, Any], file: Path | None, faults: list[Fault]
) -> dict[str, Decimal]:
    """Read the table `[loyalty]`: a tier's name, and the amount to reach it."""
    tiers = {}
    for name, least in told.get("loyalty", {}).items():
        number = isinstance(least, int | float) and not isinstance(least, bool)
        if not number or not 0 < least < math.inf:
            faults.append(Fault(f"{file}: `loyalty.{name}` must be an amount above 0."))
        else:
            tiers[name] = Decimal(str(least))
    return tiers


def _shop_here() -> dict[str, str]:
    """Return the current folder as the Maho root, if it is one and contains no segmail.toml."""
    here = Path("app/etc/local.xml")
    return (
        {} if os.path.lexists("segmail.toml") or not os.path.lexists(here) else {"maho_root": "."}
    )


OPTION = "option"  # or the variable of the same name: the command line knows which


def _sources(
    options: Mapping[str, Any],
    told: Mapping[str, Any],
    environ: Mapping[str, str],
    file: Path | None,
    local: LocalXml | None,
) -> dict[str, str]:
    """Return where each setting comes from, by name; those of tables as `table.key`."""
    sources = {} if local is None else dict.fromkeys(("database_url", "table_prefix"), "local.xml")
    for key, value in told.items():
        if key in options:
            sources[key] = OPTION
        elif isinstance(value, dict):
            sources |= {f"{key}.{name}": str(file) for name in value}
        else:
            sources[key] = str(file)
    if environ.get("SEGMAIL_SMTP_URL"):
        sources["smtp_url"] = "SEGMAIL_SMTP_URL"
    return sources


_PATHS = ("maho_root", "state_dir", "log_file")


def _from(file: Path, told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a file sets; its paths are relative to the file's folder, `~` is a home."""
    paths = {
        key: str(file.absolute().parent / Path(told[key]).expanduser())
        for key in _PATHS
        if told.get(key)
    }
    return {**told, **paths}


def _toml_file(given: Mapping[str, Any]) -> Path | None:
    """Return the named file, the shop's own, or that of the current folder.

    If a shop is named, the current folder is ignored: it may be a stranger's.
    """
    if given.get("config"):
        return Path(given["config"])
    if given.get("maho_root"):
        beside = Path(given["maho_root"], "app/etc/segmail.toml")
        return beside if os.path.lexists(beside) else None
    if given.get("database_url"):
        return None
    here = Path("segmail.toml")
    return here if os.path.lexists(here) else None


_NAMES = {"smtp_url": "SEGMAIL_SMTP_URL"}
_NOT_IN_TEXT = re.compile("[\x00-\x1f\x7f]")
_NOT_UTF8 = re.compile("[\ud800-\udfff]")  # as Python keeps undecodable bytes


def _check_texts(told: Mapping[str, Any], faults: list[Fault]) -> None:
    """Report characters that no path and no URL can have; folders may have any encoding."""
    for key, value in told.items():
        if isinstance(value, str):
            wrong = _NOT_IN_TEXT.search(value) or (
                key in ("database_url", "smtp_url", "table_prefix") and _NOT_UTF8.search(value)
            )
            if wrong:
                name = _NAMES.get(key, f"--{key.replace('_', '-')}")
                faults.append(Fault(f"{name}: has characters that no such value can have."))


def _table_prefix(told: Mapping[str, Any], local: LocalXml | None, faults: list[Fault]) -> str:
    prefix = str(told.get("table_prefix", local.table_prefix if local else ""))
    if prefix and not is_table_prefix(prefix):
        faults.append(Fault("--table-prefix: must be letters, digits and _ after a first letter."))
        return ""
    return prefix


def _read_maho(
    root: Path | None, told: Mapping[str, Any], environ: Mapping[str, str], faults: list[Fault]
) -> LocalXml | None:
    if root is None:
        return None
    if not _is_folder(root):
        faults.append(Fault(f"--maho-root {root}: there is no such directory."))
        return None
    try:
        return read_local_xml(root, environ)
    except ConfigError as error:
        faults.extend(error.faults)
        return None


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name too long, or a folder that may not be entered
        return False


def _database_url(
    told: Mapping[str, Any], local: LocalXml | None, faults: list[Fault]
) -> URL | None:
    if "database_url" not in told:
        return local.database_url if local else None
    return parse_database_url(told["database_url"], faults)


def _state_dir(told: Mapping[str, Any], root: Path | None, environ: Mapping[str, str]) -> Path:
    if "state_dir" in told:
        return Path(told["state_dir"])
    if root is not None:
        return root / "var" / "segmail"
    state = environ.get("XDG_STATE_HOME") or str(Path(environ.get("HOME", "/tmp"), ".local/state"))  # noqa: S108
    return Path(state, "segmail")


def _log_file(told: Mapping[str, Any], root: Path | None) -> Path | None:
    if "log_file" in told:
        return Path(told["log_file"])
    return root / "var" / "log" / "customer_segmentation.log" if root else None


def usual_log_file(given: Mapping[str, Any]) -> Path | None:
    """Return the log file as far as the options tell, for when other settings are broken."""
    told = {key: value for key, value in given.items() if value is not None}
    return _log_file(told, Path(told["maho_root"]) if told.get("maho_root") else None)
