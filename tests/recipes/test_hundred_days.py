"""All sixteen recipes on MariaDB with a real mail server, for a hundred days, on both layouts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, event, text

from segmail.demo.recipes.cast import Role
from segmail.demo.recipes.play import PlayedRecipes, play_in
from segmail.demo.recipes.shop import address_of, build_recipes_shop
from segmail.maho.db.database import Database
from segmail.maho.schema.tables import Layout
from segmail.transport.mail_url import SmtpSettings
from tests.jobs import read_mail, shown
from tests.recipes.played import DAYS, parts
from tests.smtp_server import recording_server

NAME = "segmail_hundred_days"
PARTS = parts()


@pytest.fixture(scope="module")
def database(server_url: URL) -> Iterator[Database]:
    """An empty database whose ids may be 0, as those of Maho's admin website are."""
    server = Database(server_url)
    database = Database(server_url.set(database=NAME))

    def keep_zero(connection: Any, _record: Any) -> None:
        connection.cursor().execute(
            "SET SESSION sql_mode = CONCAT(@@sql_mode, ',NO_AUTO_VALUE_ON_ZERO')"
        )

    event.listen(database.engine, "connect", keep_zero)
    yield database
    database.close()
    with server.engine.begin() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {NAME}"))
    server.close()


@dataclass(frozen=True)
class Hundred:
    """What happened, and what the mail server received."""

    played: PlayedRecipes
    mails: list[EmailMessage]

    def got(self, role: Role, recipe: str) -> list[tuple[int, int]]:
        """Return what a customer got of a recipe: the day in New York, and the step."""
        segment = next(case.segment for case in self.played.cases if case.recipe == recipe)
        return [
            (row.day, int(row.step.rpartition(":")[2]))
            for row in self.played.rows
            if row.email == address_of(role) and row.segment == segment and row.is_sent
        ]


def play(
    database: Database, server_url: URL, folder: Path, cast: list[Role], layout: Layout, days: int
) -> Hundred:
    """Play in an empty database."""
    server = Database(server_url)
    with server.engine.begin() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {NAME}"))
        connection.execute(text(f"CREATE DATABASE {NAME} CHARACTER SET utf8mb3"))
    server.close()
    database.close()
    with recording_server() as mail_server:
        transport = SmtpSettings("127.0.0.1", mail_server.port, encryption="never")
        shop = build_recipes_shop(database, cast, layout)
        done = play_in(shop, folder, days=days, transport=transport, cast=cast)
        return Hundred(done, [read_mail(message.data) for message in mail_server.messages])


@pytest.fixture(scope="module", params=list(Layout))
def hundred(
    request: pytest.FixtureRequest,
    database: Database,
    server_url: URL,
    tmp_path_factory: pytest.TempPathFactory,
) -> Hundred:
    """The hundred days in a shop of each layout."""
    folder = tmp_path_factory.mktemp("hundred")
    cast = [part.role for part in PARTS]
    return play(database, server_url, folder, cast, request.param, DAYS)


def test_everybody_gets_the_mails_of_a_use_case_on_their_days_and_no_others(
    hundred: Hundred,
) -> None:
    wrong = {}
    for part in PARTS:
        for recipe, mails in {part.role.recipe: part.mails, **part.others}.items():
            if (got := hundred.got(part.role, recipe)) != list(mails):
                wrong[part.role.name, recipe] = got, mails

    assert not wrong


def test_the_mail_server_got_each_mail_once_with_its_coupon(
    hundred: Hundred,
) -> None:
    done, mails = hundred.played, hundred.mails
    sent = [row for row in done.rows if row.is_sent]
    received = Counter(str(mail["To"].addresses[0].addr_spec) for mail in mails)
    texts = [shown(mail) for mail in mails]

    assert received == Counter(row.email for row in sent)
    assert not [row for row in done.rows if row.outcome == "failed"]
    codes = [row.coupon_code for row in sent if row.coupon_code]
    assert len(codes) == len(set(codes)) > 15
    assert all(sum(code in html for html in texts) >= 1 for code in codes)


def test_nobody_got_anything_who_is_not_subscribed(hundred: Hundred) -> None:
    mailed = {row.email for row in hundred.played.rows if row.is_sent}
    mute = {address_of(part.role) for part in PARTS if not part.role.is_subscribed}

    assert len(mute) > 16
    assert not mute & mailed
    amos = [row.day for row in hundred.played.rows if row.email == "amos.greer@mail.example"]
    assert max(amos) <= 3


def test_next_years_birthday_is_another(
    database: Database, server_url: URL, tmp_path: Path
) -> None:
    """29 February is the 28th in most years, and the cleanup has deleted last year's rows."""
    born = [date(1988, 2, 29), date(1990, 6, 1)]
    cast = [
        *(Role("birthday", f"Bo {day:%B}", "", born=day) for day in born),
        Role("birthday-reminder", "Bea March", "", born=date(1991, 3, 8)),
    ]

    year = play(database, server_url, tmp_path, cast, Layout.SHIPPED, 480)

    assert year.played.cleaned["progress"] > 0
    assert [year.got(role, role.recipe) for role in cast] == [
        [(5, 1), (8, 2), (12, 3), (370, 1), (373, 2), (377, 3)],
        [(98, 1), (101, 2), (105, 3), (463, 1), (466, 2), (470, 3)],
        [(6, 1), (13, 2), (371, 1), (378, 2)],
    ]
