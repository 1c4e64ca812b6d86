"""Every command line of README.md, SECURITY.md and docs/ works, on a shop with the pages' names."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import URL

from segmail.cli import program
from segmail.maho.config.switch import FLAG, OWN
from segmail.maho.db.database import Database
from segmail.maho.schema.tables import Layout, build_tables
from segmail.maho.shop import Shop
from tests.conftest import NOW
from tests.database.history.failed import INTERRUPTED, failed
from tests.sales_tables import create_sales_tables
from tests.shop_builder import ShopBuilder
from tests.unit.test_documented_commands import LINES

_NAMES = {  # what stands for a name in the pages
    "SEGMENT": "VIP", "STEP": "VIP:enter:1", "S": "VIP", "D": "out", "FILE": "tickets.csv",
    "/etc/segmail.toml": "segmail.toml", "/opt/report.html": "report.html",
    "14": "3", "30": "3", "35": "3",  # days, of which a few do all that there is to do
}  # fmt: skip
_GROUPS = {"template", "segment", "sequence", "campaign", "recipe", "schema", "config"}
_ELSEWHERE = {
    "demo": "tests/e2e/test_demo.py plays it",
    "doctor --dns": "tests/commands/test_doctor_beyond.py has a DNS server for it",
    "recipe apply new-region": "tests/recipes has the attributes for it",
    "--send-to": "tests/commands/test_preview.py has a mail server for it",
}
# What the program itself asks for in this shop, which is right.
_ASKS = {
    "why": "Missing argument",
    "preview": "Missing argument",
    "retry": "Say which failed steps",
    "retry --reason interrupted": "Schedule 5 failed steps again?",
    "schema tune": "Nothing was changed: without a terminal",
    "sequence remove VIP:enter:2": "Without a terminal to ask on",
    "simulate": "Missing option '--days'",
    "segment automation": "Missing argument",
    "segment enrol": "Missing argument",
    "segment import": "Missing argument",
    "campaign apply": "Missing argument",
}


def _commands() -> list[str]:
    """Return each line once, without what a shell adds to it."""
    found = set()
    for page, line in LINES:
        if page == "docs/README.md":
            continue  # tests/e2e/test_demo.py runs these on the demo's shop
        for part in line.split(" && segmail "):
            command = re.split(r"\s(?:\||>|<|;)", re.sub(r"[\[\]]", "", part))[0].strip()
            if not any(name in command for name in _ELSEWHERE):
                found.add(command)
    return sorted(found)


@pytest.fixture(scope="module")
def pages_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop with what the pages name, in a file, and the files that they name beside it."""
    folder = tmp_path_factory.mktemp("pages")
    file = folder / "shop.sqlite"
    file.touch()
    database = Database(URL.create("sqlite", database=str(file)))
    tables = build_tables("", Layout.SHIPPED)
    tables.metadata.create_all(database.engine)
    shop = ShopBuilder(Shop(database, tables), database.url, now=NOW)
    _fill(shop)
    database.close()
    for command in (
        f"campaign export --dir {folder}/campaigns",
        "campaign export --segment Others",
    ):
        done = _run(folder, shlex.split(command))
        assert done.exit_code == 0, done.output
    (folder / "segments.yaml").write_text(done.stdout)
    (folder / "segmail.toml").write_text(f'database_url = "sqlite:///{file}"\n')
    (folder / "tickets.csv").write_text("email\nada@example.com\n")
    (folder / "new.html").write_text("<p>Hello {{var customer.firstname}}</p>")
    (folder / "sample.json").write_text('{"customer": {"firstname": "Ada"}}')
    return folder


def _fill(shop: ShopBuilder) -> None:
    shop.change(shop.tables.config, {"path": FLAG}, value="0")
    shop.config(OWN, "1")
    shop.config("trans_email/ident_general/email", "shop@example.com")
    shop.config("trans_email/ident_general/name", "The shop")
    create_sales_tables(shop)
    rules = {name: shop.rule(name=name) for name in ("15% off", "20% off")}
    templates = {
        name: shop.template(code=name)
        for name in ("Welcome", "Welcome to VIP", "Last chance", "Third")
    }
    customers = [shop.customer(f"c{number}@example.com") for number in range(1, 42)]
    customers += [shop.customer("me@example.com"), shop.customer("ada@example.com")]
    for name in ("VIP", "VIP Customers", "Abandoned baskets", "Cart Abandoned", "Others"):
        segment = shop.segment(name)
        for number in (1, 2, 3):
            step = shop.step(
                segment, templates["Welcome"], number=number,
                rule_id=rules["15% off"] if number == 3 else None, coupon_prefix="VIP",
            )  # fmt: skip
            shop.due(step, customers[-1])
            failed(shop, step, INTERRUPTED if number == 1 else "Sales rule 3 is not active.")
    for name in ("Tickets resolved", "Referrals"):
        shop.segment(name, automation=False)


def _run(folder: Path, words: list[str]) -> Result:
    """Run a command in a folder with the shop; where a page names a shop, that is this one."""
    url = f"sqlite:///{folder}/shop.sqlite"
    given = [] if words[0].startswith("--") and words[0] != "--version" else ["--now", "2026-03-10"]
    if words[0] == "--maho-root":
        words = words[2:]
    env = {
        "SEGMAIL_DATABASE_URL": url,
        "SEGMAIL_SMTP_URL": f"file://{folder}/mails",
        "SEGMAIL_STATE_DIR": str(folder / "state"),
        "SEGMAIL_LOG_FILE": str(folder / "log"),
    }
    return CliRunner().invoke(program, [*given, *words], env=env, input="ada@example.com\n")


@pytest.mark.parametrize("command", _commands())
def test_a_documented_command_works(
    pages_shop: Path, tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(pages_shop, folder)
    monkeypatch.chdir(folder)
    words = [_NAMES.get(word, word) for word in shlex.split(command)]

    done = _run(folder, words)

    if command in _ASKS:
        assert (done.exit_code, _ASKS[command] in done.output) == (2, True), done.output
    elif command in _GROUPS:
        assert "Usage: " in done.output
    else:
        assert done.exit_code in _codes(command), done.output


def _codes(command: str) -> tuple[int, ...]:
    """Return the exit codes that are right: 1 where some steps fail, or a check finds something."""
    if command.startswith("campaign diff") or "doctor" in command or "validate" in command:
        return (0, 1, 78)
    return (0, 1)
