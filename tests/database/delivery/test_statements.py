"""The number of SQL statements does not grow with the number of mails in a batch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from tests.jobs import Runner
from tests.shop_builder import ShopBuilder


@contextmanager
def counted(shop: ShopBuilder, job: Any) -> Iterator[list[str]]:
    statements: list[str] = []

    def count(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    event.listen(job.shop.database.engine, "before_cursor_execute", count)
    yield statements
    event.remove(job.shop.database.engine, "before_cursor_execute", count)


def statements_for(shop: ShopBuilder, runner: Runner, mails: int) -> int:
    step = shop.step(shop.segment(), rule_id=shop.rule(), coupon_prefix="WB")
    for _ in range(mails):
        shop.due(step, shop.customer())
    with counted(shop, shop) as statements:
        ran = runner(limit=100)
    assert len(ran.mails) == mails
    return len(statements)


def test_a_batch_of_100_takes_hardly_more_statements_than_one_of_10(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    small = statements_for(shop, run_emails, 10)
    large = statements_for(shop, run_emails, 100)

    settlements = 10 * 5  # groups form by the clock: at worst ten more, of five statements each
    assert large <= small + settlements
    assert large < 100
