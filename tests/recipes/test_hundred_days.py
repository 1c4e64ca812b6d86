"""All sixteen recipes on MariaDB with a real mail server, for a hundred days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import URL, event, text

from segmail.demo.recipes.play import PlayedRecipes, play_in
from segmail.demo.recipes.shop import build_recipes_shop
from segmail.demo.seed import US
from segmail.maho.db.database import Database
from segmail.transport.mail_url import SmtpSettings
from tests.jobs import read_mail, shown
from tests.smtp_server import recording_server

DAYS = 100
NAME = "segmail_hundred_days"


@pytest.fixture(scope="module")
def database(server_url: URL) -> Iterator[Database]:
    """An empty database whose ids may be 0, as those of Maho's admin website are."""
    server = Database(server_url)
    with server.engine.begin() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {NAME}"))
        connection.execute(text(f"CREATE DATABASE {NAME} CHARACTER SET utf8mb3"))
    database = Database(server_url.set(database=NAME))

    def keep_zero(connection: Any, _record: Any) -> None:
        connection.cursor().execute(
            "SET SESSION sql_mode = CONCAT(@@sql_mode, ',NO_AUTO_VALUE_ON_ZERO')"
        )

    event.listen(database.engine, "connect", keep_zero)
    yield database
    database.close()
    with server.engine.begin() as connection:
        connection.execute(text(f"DROP DATABASE {NAME}"))
    server.close()


@pytest.fixture(scope="module")
def played(
    database: Database, tmp_path_factory: pytest.TempPathFactory
) -> tuple[PlayedRecipes, list[EmailMessage]]:
    """What happened, and what the mail server received."""
    folder = tmp_path_factory.mktemp("hundred")
    with recording_server() as server:
        transport = SmtpSettings("127.0.0.1", server.port, encryption="never")
        shop = build_recipes_shop(database)
        done = play_in(shop, folder, days=DAYS, transport=transport)
        return done, [read_mail(message.data) for message in server.messages]


def got(played: PlayedRecipes, name: str, recipe: str) -> list[str]:
    """Return what a customer got of a recipe: the day in New York, and the step."""
    segment = next(case.segment for case in played.cases if case.recipe == recipe)
    address = f"{name.lower().replace(' ', '.')}@mail.example"
    return [
        f"{row.at.astimezone(ZoneInfo(US.timezone)):%d %b} {row.step.rpartition(':')[2]}"
        for row in played.rows
        if row.email == address and row.segment == segment and row.is_sent
    ]


@pytest.mark.parametrize(
    ("recipe", "name", "mails"),
    [
        ("abandoned-cart", "Gideon Marsh", ["24 Feb 1", "25 Feb 2", "03 Mar 3"]),
        ("abandoned-cart", "Pearl Nakamura", ["24 Feb 1"]),
        ("abandoned-cart", "Hazel Lindgren", []),
        ("abandoned-cart", "Rufus Tan", []),
        ("high-value-cart", "Rufus Tan", ["24 Feb 1", "25 Feb 2", "27 Feb 3"]),
        ("welcome", "Nora Whitfield", ["24 Feb 1", "27 Feb 2", "03 Mar 3", "10 Mar 4"]),
        ("welcome", "Amos Greer", ["24 Feb 1"]),
        ("post-purchase", "Otis Freeman",
         ["25 Feb 1", "03 Mar 2", "16 Mar 1", "22 Mar 2", "05 Apr 3", "14 Apr 4"]),
        ("vip", "Sylvie Arden", ["24 Feb 1", "03 Mar 2", "26 Mar 3", "26 Apr 3", "26 May 3"]),
        ("win-back", "Monty Fairweather", ["24 Feb 1", "03 Mar 2", "10 Mar 3"]),
        ("win-back", "Adaeze Nwosu", ["24 Feb 1"]),
        ("birthday", "Florence Quill", ["28 Feb 1", "03 Mar 2", "07 Mar 3"]),
        ("birthday-reminder", "Ginevra Sala", ["28 Feb 1", "07 Mar 2"]),
        ("new-region", "Delphine Roy", ["24 Feb 1", "27 Feb 2", "10 Mar 3"]),
        ("seasonal-interest", "Ingrid Falk", ["25 Feb 1", "03 Mar 2", "10 Mar 3"]),
        ("support-follow-up", "Winifred Cole", ["25 Feb 1", "03 Mar 2", "10 Mar 3"]),
        ("product-education", "Silas Boateng",
         ["25 Feb 1", "03 Mar 2", "26 Mar 3", "25 May 4"]),
        ("exit-intent", "Barnaby Stokes", ["24 Feb 1", "25 Feb 2", "27 Feb 3"]),
        ("loyalty-tier", "Leopold Stein", ["24 Feb 1", "03 Mar 2", "10 Mar 3"]),
        ("clearance", "Quentin Moss", ["24 Feb 1", "27 Feb 2", "03 Mar 3"]),
        ("referral", "Lavinia Strand", ["24 Feb 1", "03 Mar 2", "17 Mar 3"]),
    ],
)  # fmt: skip
def test_who_should_get_them_gets_the_mails_of_a_use_case_on_their_days(
    played: tuple[PlayedRecipes, list[EmailMessage]], recipe: str, name: str, mails: list[str]
) -> None:
    assert got(played[0], name, recipe) == mails


def test_the_mail_server_got_each_mail_once_with_its_coupon(
    played: tuple[PlayedRecipes, list[EmailMessage]],
) -> None:
    done, mails = played
    sent = [row for row in done.rows if row.is_sent]
    received = Counter(str(mail["To"].addresses[0].addr_spec) for mail in mails)
    texts = [shown(mail) for mail in mails]

    assert received == Counter(row.email for row in sent)
    assert not [row for row in done.rows if row.outcome == "failed"]
    codes = [row.coupon_code for row in sent if row.coupon_code]
    assert len(codes) == len(set(codes)) > 15
    assert all(sum(code in html for html in texts) >= 1 for code in codes)


def test_nobody_got_anything_who_is_not_subscribed(
    played: tuple[PlayedRecipes, list[EmailMessage]],
) -> None:
    everybody = {row.email for row in played[0].rows if row.is_sent}

    assert "hazel.lindgren@mail.example" not in everybody
    assert not [
        row
        for row in played[0].rows
        if row.is_sent and row.email == "amos.greer@mail.example" and row.day > 3
    ]
