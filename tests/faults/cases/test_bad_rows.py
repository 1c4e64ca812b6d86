"""One bad row never stops the rest: all kinds of them in one batch, good ones in between."""

from __future__ import annotations

import collections
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.faults.cases.smtp_faults import COMMAND
from tests.program import run
from tests.shop_builder import ShopBuilder
from tests.smtp_server import recording_server

Bad = Callable[[ShopBuilder, int], int]  # makes a due row in the segment and returns its id


def _template(text: str, **columns: Any) -> Bad:
    def bad(shop: ShopBuilder, segment: int) -> int:
        return shop.due(_step(shop, segment, shop.template(text, **columns)), shop.customer())

    return bad


def _customer(times: int = 3, **values: Any) -> Bad:
    def bad(shop: ShopBuilder, segment: int) -> int:
        template = shop.template("<p>{{var customer_name}}</p>" * times)
        return shop.due(_step(shop, segment, template), shop.customer(**values))

    return bad


def _rule(**columns: Any) -> Bad:
    def bad(shop: ShopBuilder, segment: int) -> int:
        rule = shop.rule(**columns)
        return shop.due(_step(shop, segment, shop.template(), rule_id=rule), shop.customer())

    return bad


def _rule_gone(shop: ShopBuilder, segment: int) -> int:
    step = _step(shop, segment, shop.template(), rule_id=shop.rule())
    shop.database.transact(lambda c: c.execute(shop.tables.rule_website.delete()))
    return shop.due(step, shop.customer())


def _step(shop: ShopBuilder, segment: int, template: int, **columns: Any) -> int:
    number = len(shop.rows(shop.tables.sequence)) + 1
    return shop.step(segment, template, number=number, **columns)


FAILED: dict[str, Bad] = {
    "a name too long for the subject": _customer(firstname="A" * 255),
    "a template that is not closed": _template("{{if customer_name}}"),
    "a name that a template repeats": _customer(2_000, firstname="A" * 255),
    "a subject that is not closed": _template("x", subject="{{depend a}}"),
    "half a character": _template("<p>\x00</p>", subject="\x00"),
    "no address": _customer(email="not an address"),
    "an address with a line break": _customer(email="a@example.test\r\nBcc: b@example.test"),
    "two addresses": _customer(email="a@example.test, b@example.test"),
    "a rule that is off": _rule(is_active=0),
    "a rule without codes": _rule(coupon_type=1),
    "a rule for nobody": _rule_gone,
}
SENT: dict[str, Bad] = {
    "an unknown directive": _template("{{hurt me}}"),
    "a name of marks": _customer(firstname="a\u0300" * 90),
    "a name that is a directive": _customer(firstname="{{config path='a'}}{{block type='x'}}"),
    "a name that is a template": _customer(firstname="{% for a in range(10**9) %}x{% endfor %}"),
    "a name with line breaks": _customer(firstname="Ada\r\nBcc: eve@example.test\r\n\r\nx"),
}


def test_each_bad_row_fails_alone(mariadb_shop: ShopBuilder, tmp_path: Path) -> None:
    segment = mariadb_shop.segment()
    good = _template("<p>Dear {{var customer_firstname}}</p>")
    rows: dict[str, int] = {}
    for name, bad in [*FAILED.items(), *SENT.items()]:
        rows[f"good before {name}"] = good(mariadb_shop, segment)
        rows[name] = bad(mariadb_shop, segment)

    with recording_server() as server:
        ran = run(mariadb_shop.url, tmp_path, *COMMAND, env={"SEGMAIL_SMTP_URL": server.url()})

    failed = {name for name, row in rows.items() if mariadb_shop.status(row) == "failed"}
    assert ran.returncode == 1
    assert failed == set(FAILED)
    assert {mariadb_shop.status(row) for row in rows.values()} == {"failed", "sent"}
    received = collections.Counter(message.rcpt_to for message in server.messages)
    assert set(received.values()) == {1}
    assert len(received) == len(rows) - len(failed)
    assert len(mariadb_shop.rows(mariadb_shop.tables.problem)) == len(failed)
