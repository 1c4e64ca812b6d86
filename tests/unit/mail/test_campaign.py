"""What headers and links tell of a campaign, and what they keep to themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from segmail.maho.steps import Segment, Step, Trigger
from segmail.maho.storefront.stores import Store
from segmail.mail.campaign import attempt_id, campaign_headers, link_parameters, list_id
from segmail.mail.due_row import DueRow
from tests.each_case import for_each

STORE = Store(1, "default", "English", 1, 1, "Main Store", "Main", is_active=True)
SEGMENT = Segment(7, "Bad payers", True, True, Trigger.ENTER, None)
STEP = Step(12, SEGMENT, Trigger.ENTER, 2, 3, 60, True, 1, False, None, None, None)
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
ROW = DueRow(5, 42, STEP, "enter", None, NOW, NOW, NOW + timedelta(minutes=15))


def test_headers_name_the_campaign_by_numbers() -> None:
    assert campaign_headers(STEP, "shop.example.com") == {
        "Feedback-ID": "segment-7:step-12:enter:shop-example-co",
        "X-Segmail": "segment=7; trigger=enter; step=2; sequence=12",
    }


@for_each("domain", ["x.y", "a" * 60 + ".com", "[192.0.2.1]", "xn--mller-kva.example"])
def test_gmail_s_sender_id_has_five_to_fifteen_characters(domain: str) -> None:
    *_, sender = campaign_headers(STEP, domain)["Feedback-ID"].split(":")

    assert 5 <= len(sender) <= 15


@for_each(
    ("code", "domain", "identity"),
    [
        ("default", "example.com", "newsletter.default.example.com"),
        ("de_AT", "example.com", "newsletter.de_AT.example.com"),
        ("a\r\nb c", "example.com", "newsletter.a-b-c.example.com"),
        ("", "example.com", "newsletter.1.example.com"),
        ("default", "[192.0.2.1]", None),
    ],
)
def test_a_list_is_a_store_s_newsletter(code: str, domain: str, identity: str | None) -> None:
    assert list_id(replace(STORE, code=code), domain) == identity


@for_each(
    ("name", "campaign"),
    [
        ("Bad payers", "bad-payers"),
        (" VIP  (2026)! ", "vip-2026"),
        ("Größte\r\nKunden", "grösste-kunden"),
        ("常客", "常客"),
        ("!!!", "segment-7"),
    ],
)
def test_links_name_the_campaign_by_words(name: str, campaign: str) -> None:
    step = replace(STEP, segment=replace(SEGMENT, name=name))

    assert link_parameters(step, "newsletter", "email") == {
        "utm_source": "newsletter",
        "utm_medium": "email",
        "utm_campaign": campaign,
        "utm_content": "enter-2",
    }


def test_an_attempt_keeps_its_id_and_the_next_one_has_another() -> None:
    again = replace(ROW, lease_until=ROW.lease_until + timedelta(seconds=1))

    ids = [attempt_id(row, row.lease_until) for row in (ROW, replace(ROW, queue_id=9), again)]

    assert ids[0] == ids[1] != ids[2]
    assert len(ids[0]) == 32
