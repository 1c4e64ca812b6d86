"""The night in which clocks go forward, where the server's zone does so and its columns mind.

Maho's columns were TIMESTAMP up to 26.3. It writes UTC, which the server takes for its own zone's
time: in Berlin 02:00 to 03:00 of 29 March 2026 do not exist, and those of 25 October come twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import DATETIME, TIMESTAMP, Engine, MetaData, create_engine, make_url, text

from segmail.cli import program
from segmail.coupons import Coupon, insert_coupons
from segmail.delivery.first_look import open_claimer, sending, steps_of
from segmail.delivery.job import Options
from segmail.maho.config.switch import FLAG
from segmail.maho.cron import cron_table
from segmail.maho.db.column_types import UtcDateTime
from segmail.maho.schema.tables import Layout, build_tables
from segmail.maho.shop import Shop
from tests.database.delivery.test_statements import counted
from tests.database.refresh.refreshing import IN, members, refresh_one, scheduled
from tests.each_command import WRITING, fill, write_files
from tests.jobs import Runner, read_mail
from tests.mariadb import Server, own_server
from tests.sales_tables import create_sales_tables
from tests.shop_builder import ShopBuilder

BEFORE = datetime(2026, 3, 29, 1, 50, tzinfo=UTC)
GAP = datetime(2026, 3, 29, 2, 10, tzinfo=UTC)
END = datetime(2026, 3, 29, 3, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NIGHT = ("01:50", "02:00", "02:20", "03:00", "04:30", "06:30")
COMBINE = "customersegmentation/segment_condition_combine"
EVERYBODY = f'{{"type":"{COMBINE}","aggregator":"all","value":"1"}}'
_COLUMN_TYPES = {"TIMESTAMP": TIMESTAMP, "DATETIME": DATETIME}
MODES = {"strict": "STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION", "not strict": ""}


@pytest.fixture(scope="module")
def berlin() -> Iterator[Server]:
    """A server whose clocks are Berlin's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Europe/Berlin")
        with own_server("--default-time-zone=SYSTEM") as server:
            yield server


@pytest.fixture
def column_type() -> str:
    """What the columns for times are."""
    return "TIMESTAMP"


@pytest.fixture
def mode() -> str:
    """Whether the server refuses a time that does not exist, or writes the next one."""
    return "strict"


@pytest.fixture
def shop(berlin: Server, mode: str, column_type: str) -> Iterator[ShopBuilder]:
    """A shop without customers there."""
    url = make_url(berlin.url).set(database="shop")
    engine = create_engine(berlin.url)
    with engine.begin() as connection:
        connection.execute(text(f"SET GLOBAL sql_mode = '{MODES[mode]}'"))
        connection.execute(text("DROP DATABASE IF EXISTS shop"))
        connection.execute(text("CREATE DATABASE shop CHARACTER SET utf8mb3"))
    engine.dispose()
    engine = create_engine(url)
    for metadata in (build_tables("", Layout.SHIPPED).metadata, cron_table("").metadata):
        _create(engine, metadata, column_type)
    engine.dispose()
    shop = ShopBuilder(Shop.open(url), url, now=BEFORE)
    create_sales_tables(shop)
    shop.config(FLAG, "1")
    yield shop
    shop.database.close()


def _create(engine: Engine, metadata: MetaData, column_type: str) -> None:
    own = MetaData()
    for table in metadata.sorted_tables:
        for column in table.to_metadata(own).columns:
            if isinstance(column.type, UtcDateTime):
                column.type, column.nullable = _COLUMN_TYPES[column_type](), True
    own.create_all(engine, checkfirst=False)


def segmail(shop: ShopBuilder, folder: Path, now: datetime, *arguments: str) -> Result:
    url = shop.url.render_as_string(hide_password=False)
    return CliRunner().invoke(
        program,
        ["--database-url", url, "--state-dir", str(folder / "state"), "--now",
         f"{now:%Y-%m-%d %H:%M:%S}", "--log-file", str(folder / "log"), *arguments],
        env={"SEGMAIL_SMTP_URL": f"file://{folder}/mails"},
    )  # fmt: skip


def mailed(folder: Path) -> Counter[tuple[str, str]]:
    """Return how often each mail was sent, by recipient and subject."""
    mails = [read_mail(file.read_bytes()) for file in (folder / "mails").glob("*.eml")]
    return Counter((str(mail["To"].addresses[0].addr_spec), str(mail["Subject"])) for mail in mails)


def _in_earnest(arguments: tuple[str, ...]) -> list[str]:
    return ["--yes" if argument == "--dry-run" else argument for argument in arguments]


def stored(shop: ShopBuilder, query: str) -> list[tuple[object, ...]]:
    with shop.database.read() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


@pytest.mark.parametrize(
    ("mode", "day"),
    [
        ("strict", "2026-03-29"),
        pytest.param("not strict", "2026-03-29", marks=pytest.mark.thorough),
        ("strict", "2026-10-25"),
    ],
)
def test_every_job_of_such_a_night_works_and_each_step_is_mailed_once(
    shop: ShopBuilder, tmp_path: Path, day: str
) -> None:
    segment, rule = shop.segment("All", conditions_serialized=EVERYBODY), shop.rule()
    for number, delay in enumerate((0, 30, 70), 1):
        template = shop.template(subject=f"Step {number}")
        shop.step(segment, template, number=number, delay_minutes=delay, rule_id=rule)
    subjects = [f"Step {number}" for number in (1, 2, 3)]
    readers, gone = [], ""
    codes = {}

    for place, time in enumerate(NIGHT):
        now = datetime.fromisoformat(f"{day} {time}+00:00")
        if time < "04:00":
            readers.append(f"reader{place}@example.test")
            reader = shop.customer(readers[-1])
        # A minute apart: on a busy machine a refresh schedules for some seconds later.
        for minute, job in enumerate(("refresh-segments", "process-emails")):
            codes[time, job] = segmail(shop, tmp_path, now + minute * MINUTE, job).exit_code
        if time == "02:20":
            gone = readers[-1]
            shop.change(shop.tables.subscriber, {"customer_id": reader}, subscriber_status=3)
    for job in ("cleanup-progress", "cleanup-coupons", "report"):
        codes["02:20", job] = segmail(shop, tmp_path, GAP, job).exit_code

    assert {when: code for when, code in codes.items() if code} == {}
    wanted = {(reader, subject) for reader in readers for subject in subjects}
    mails = mailed(tmp_path)
    assert {(to, subject) for to, subject in wanted if to != gone} <= set(mails)
    assert set(mails.values()) == {1}
    assert stored(shop, "SELECT * FROM customer_segment_sequence_progress "
                  "WHERE status IN ('scheduled', 'failed')") == []  # fmt: skip
    assert stored(shop, "SELECT status, COUNT(*) FROM cron_schedule GROUP BY status") == [
        ("success", len(codes) - 1)
    ]


@pytest.mark.parametrize("mode", MODES)
def test_a_claim_ends_where_its_row_says_and_can_be_given_back(
    shop: ShopBuilder, tmp_path: Path
) -> None:
    row = shop.due(shop.step(shop.segment()), shop.customer())
    job = Runner(shop, tmp_path).job()
    claimer = open_claimer(job, sending(steps_of(job, Options())))

    [claimed] = claimer.claim(now=END - 40 * MINUTE, limit=1)

    assert claimed.lease_until == END
    assert shop.row(shop.tables.progress, progress_id=row)["scheduled_at"] == END
    claimer.give_back([claimed])
    assert shop.row(shop.tables.progress, progress_id=row)["scheduled_at"] == BEFORE - MINUTE


def test_a_failed_row_is_retried_and_a_forgotten_one_recovered(
    shop: ShopBuilder, tmp_path: Path
) -> None:
    step = shop.step(shop.segment())
    failed = shop.due(step, shop.customer(), status="failed")
    assert segmail(shop, tmp_path, GAP, "retry", "--all-failed", "--yes").exit_code == 0
    assert shop.row(shop.tables.progress, progress_id=failed)["scheduled_at"] == END
    assert segmail(shop, tmp_path, END, "process-emails").exit_code == 0
    sent = shop.row(shop.tables.progress, progress_id=failed)

    values = {"status": "scheduled", "sent_at": None, "queue_id": None}
    shop.change(shop.tables.progress, {"progress_id": failed}, **values)
    for table in ("newsletter_queue_link", "newsletter_queue"):
        shop.database.transact(lambda c, table=table: c.execute(text(f"DELETE FROM {table}")))  # type: ignore[misc]
    assert segmail(shop, tmp_path, END, "recover", "--yes").exit_code == 0

    known = shop.row(shop.tables.progress, progress_id=failed)["sent_at"]
    assert abs(known - sent["sent_at"]) < timedelta(minutes=1)  # the program's clock goes on


def test_a_mail_put_off_is_tried_again_at_the_end(shop: ShopBuilder, tmp_path: Path) -> None:
    shop.config("web/unsecure/base_url", "")
    shop.config("web/secure/base_url", "")
    row = shop.due(shop.step(shop.segment()), shop.customer())

    ran = Runner(shop, tmp_path)(now=BEFORE)  # for an hour

    assert [outcome.retry_at for outcome in ran.outcomes] == [BEFORE + 60 * MINUTE]
    assert shop.row(shop.tables.progress, progress_id=row)["scheduled_at"] == END


def test_a_coupon_may_end_within_the_hour(shop: ShopBuilder) -> None:
    ends = (GAP.replace(tzinfo=None), END.replace(tzinfo=None))
    coupons = [Coupon(f"WB{n}", shop.rule(), end, GAP) for n, end in enumerate(ends)]

    shop.shop.transact(lambda tx: insert_coupons(tx, coupons))

    found = shop.rows(shop.tables.coupon)
    assert [(row["expiration_date"], row["created_at"]) for row in found] == [(ends[1], END)] * 2


def test_every_command_that_writes_works_within_the_hour(
    shop: ShopBuilder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path)
    fill(shop)
    shop.config("trans_email/ident_general/name", "Shop")
    shop.config("trans_email/ident_general/email", "shop@example.test")

    broken = {
        command: result.output
        for command, arguments in WRITING.items()
        if (
            result := segmail(shop, tmp_path, GAP, *command.split(), *_in_earnest(arguments))
        ).exit_code
    }

    assert broken == {}


def test_a_refresh_in_chunks_knows_its_own_mark(shop: ShopBuilder) -> None:
    shop.now = GAP
    shop.step(shop.segment())
    people = {shop.customer(group_id=IN) for _ in range(5)}

    done = refresh_one(shop, chunk=2)

    assert (done.state, done.enrolled) == ("refreshed", 5)
    assert {row[0] for row in scheduled(shop)} == people


def test_who_is_taken_in_without_a_mail_gets_none_later(shop: ShopBuilder) -> None:
    shop.now = GAP
    segment = shop.segment()
    shop.step(segment)
    ada = shop.customer(group_id=IN)
    refresh_one(shop, enrol=False)
    shop.now = END + 5 * MINUTE
    bob = shop.customer(group_id=IN)

    refresh_one(shop)

    assert members(shop, segment) == {ada, bob}
    assert [row[0] for row in scheduled(shop)] == [bob]


@pytest.mark.parametrize("column_type", ["DATETIME"])
def test_a_column_without_such_hours_keeps_what_is_written(
    shop: ShopBuilder, tmp_path: Path
) -> None:
    shop.now = GAP
    row = shop.due(shop.step(shop.segment()), shop.customer())

    assert segmail(shop, tmp_path, GAP, "process-emails").exit_code == 0

    sent = shop.row(shop.tables.progress, progress_id=row)["sent_at"]
    assert GAP <= sent < GAP + MINUTE
    assert stored(shop, "SELECT letter_sent_at FROM newsletter_queue_link")[0][0] == sent.replace(
        tzinfo=None
    )


def test_a_batch_takes_two_statements_more_than_where_nothing_is_moved(
    shop: ShopBuilder, tmp_path: Path
) -> None:
    step = shop.step(shop.segment(), rule_id=shop.rule())

    def statements(shop: ShopBuilder, mails: int) -> int:
        for _ in range(mails):
            shop.due(step, shop.customer())
        with counted(shop, shop) as found:
            ran = Runner(shop, tmp_path)()
        assert len(ran.messages) == mails
        return len(found)

    plain = ShopBuilder.__new__(ShopBuilder)
    plain.__dict__ |= vars(shop)
    plain.shop = Shop(shop.shop.database, build_tables("", Layout.SHIPPED))
    ahead = shop.now - timedelta(days=40)
    shop.now = plain.now = ahead

    assert statements(shop, 5) <= statements(plain, 5) + 2
