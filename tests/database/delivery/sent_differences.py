"""What segmail leaves behind otherwise than Maho did in the recorded runs, and why."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from segmail.templates import inline_styles
from tests.recorded_sent import CASES, NOW, Case, State

Change = Callable[[State, State], None]  # changes what Maho left; the second is what was before

PROGRESS, QUEUE = "customer_segment_sequence_progress", "newsletter_queue"
LINK, PROBLEM, COUPON = "newsletter_queue_link", "newsletter_problem", "salesrule_coupon"
EVERYTHING = (PROGRESS, QUEUE, LINK, PROBLEM, COUPON, "mail")

EVERY_CASE = range(1, 10)
FIRST_COUPON, OWN_COUPON, FOREIGN_COUPON, USED_COUPON = 2, 3, 4, 5  # which coupon was there before
SERVER_DOWN, SWITCHED_OFF, SIX_ROWS = 7, 8, 9
OLD = ("25.11.0",)
RELEASES = (*OLD, "26.7.4")


@dataclass(frozen=True)
class Difference:
    """A reason, what it changes, and in which recorded runs."""

    reason: str
    changes: Collection[Change]
    cases: Collection[int] = EVERY_CASE
    releases: Collection[str] = RELEASES

    def concerns(self, case: Case) -> bool:
        return case.number in self.cases and case.release in self.releases


def expected(case: Case, *, without: Difference | None = None) -> State:
    """Return what segmail is to leave behind: what Maho left, with all differences but one."""
    state, before = case.after, case.before
    for difference in DIFFERENCES:
        if difference is not without and difference.concerns(case):
            for change in difference.changes:
                change(state, before)
    return state


def _changed(table: str, columns: Mapping[str, object], *, ids: Collection[int] = ()) -> Change:
    """Other values, or functions of Maho's, in the rows `ids` (none: in all rows)."""

    def change(state: State, _before: State) -> None:
        for row in state[table]:
            if not ids or next(iter(row.values())) in ids:
                for name, value in columns.items():
                    row[name] = value(row[name]) if callable(value) else value

    return change


def _added(table: str, **row: object) -> Change:
    """A further row."""
    return lambda state, _before: state[table].append(dict(row))


def _undone(*tables: str) -> Change:
    """Rows as they were before the run."""
    return lambda state, before: state.update({table: before[table] for table in tables})


def _replaced(pattern: str, by: str) -> Callable[[str], str]:
    return lambda text: re.sub(pattern, by, text)


def _in_texts(replace: Callable[[str], str]) -> tuple[Change, ...]:
    """A change of every place in which the text of a mail stands."""
    return (
        _changed(QUEUE, {"newsletter_text": replace}),
        _changed("mail", {"text": replace, "links": replace}),
    )


def _new_coupon(customer_id: int) -> Change:
    return _added(
        COUPON,
        coupon_id=2,
        rule_id=1,
        code=f"[segmail's coupon for {customer_id}]",
        usage_limit=1,
        usage_per_customer=1,
        times_used=0,
        expiration_date="2026-12-22 23:59:59",
        is_primary=None,
        created_at=NOW,
        type=1,
    )


def _new_coupon_in_texts(customer_id: int) -> tuple[Change, ...]:
    """Thirty days are valid from now on, as the step says."""
    return (
        *_in_texts(_replaced(r"\[Maho's coupon .*?\]", f"[segmail's coupon for {customer_id}]")),
        *_in_texts(_replaced("Dec 1, 2026", "Dec 22, 2026")),
    )


def _own_unsubscribe_header(state: State, _before: State) -> None:
    for mail in state["mail"]:
        mail["List-Unsubscribe"] = f"<{mail['links'].split()[-1]}>"


def _styled(state: State, _before: State) -> None:
    for row in state[QUEUE]:
        row["newsletter_text"] = inline_styles(row["newsletter_text"], row["newsletter_styles"])


# In this order: what comes later works on what came before.
DIFFERENCES = (
    Difference(
        "store URLs are those of the shop; Maho 25.11 writes its command's name into them",
        _in_texts(_replaced("shop.example.test/maho/", "shop.example.test/")),
        releases=OLD,
    ),
    Difference(
        "unsubscribe links have their parameters in the query, which every release reads",
        _in_texts(_replaced(r"/id/(\d+)/code/(\w+)/", r"/?code=\2&id=\1")),
        releases=OLD,
    ),
    Difference(
        "mail programs show a button to unsubscribe with every release",
        (_own_unsubscribe_header,),
        releases=OLD,
    ),
    Difference(
        "a message that went out is finished; Maho leaves its queue row open",
        (_changed(QUEUE, {"queue_status": 3, "queue_finish_at": NOW}),),
    ),
    Difference(
        "code: ten random letters, where Maho has six hexadecimal digits beside a known id; expiry:"
        " the end of the store's day, as the checkout compares it with the store's clock",
        (
            _changed(
                COUPON,
                {"code": "[segmail's coupon for 3]", "expiration_date": "2026-12-22 23:59:59"},
            ),
            *_new_coupon_in_texts(3),
        ),
        cases=(FIRST_COUPON,),
    ),
    Difference(
        "each step makes its own coupon, with its own prefix and expiry; only a step that is"
        " tried again sends the one it made before. Maho sends any live one",
        (_new_coupon(3), *_new_coupon_in_texts(3)),
        cases=(OWN_COUPON,),
    ),
    Difference(
        "nobody gets another customer's coupon; Maho looks for the id's digits anywhere in a code",
        (_new_coupon(4), *_new_coupon_in_texts(4)),
        cases=(FOREIGN_COUPON,),
    ),
    Difference(
        "the new coupon has segmail's code and expiry",
        (
            _changed(
                COUPON,
                {"code": "[segmail's coupon for 5]", "expiration_date": "2026-12-22 23:59:59"},
                ids=(2,),
            ),
            *_new_coupon_in_texts(5),
        ),
        cases=(USED_COUPON,),
    ),
    Difference(
        "a step is sent when its mail is: with the mail server down the run ends with 75 and the"
        " row stays scheduled. Maho says sent, and notes a problem that nobody tries again",
        (_undone(*EVERYTHING), _changed("run", {"exit": 75})),
        cases=(SERVER_DOWN,),
    ),
    Difference(
        "with the transport switched off the run ends with 78 and changes nothing; Maho says sent",
        (_undone(*EVERYTHING), _changed("run", {"exit": 78})),
        cases=(SWITCHED_OFF,),
    ),
    Difference(
        "who is not subscribed is skipped (SPEC); in Maho such rows stay scheduled for ever",
        (_changed(PROGRESS, {"status": "skipped"}, ids=(1, 2)),),
        cases=(SIX_ROWS,),
    ),
    Difference(
        "an inactive customer is skipped; Maho writes to them",
        (
            _undone(QUEUE, LINK, "mail"),
            _changed(PROGRESS, {"status": "skipped", "queue_id": None, "sent_at": None}, ids=(6,)),
        ),
        cases=(SIX_ROWS,),
    ),
    Difference(
        "the template's styles are in style attributes; Maho leaves them out of the mail",
        (_styled,),
    ),
    Difference(
        "one click to unsubscribe needs https (RFC 8058); this shop has none",
        (_changed("mail", {"List-Unsubscribe-Post": None}),),
        releases=("26.7.4",),
    ),
    Difference(
        "out-of-office programs do not answer (RFC 3834)",
        (_changed("mail", {"Auto-Submitted": "auto-generated"}),),
    ),
    Difference(
        "mail readers and providers are told which newsletter and which campaign it is",
        (_changed("mail", {"campaign": "List-Id Feedback-ID X-Segmail"}),),
    ),
    Difference(
        "a plain-text part stands before the HTML",
        (_changed("mail", {"parts": lambda html: f'text/plain; charset="utf-8" {html}'}),),
    ),
)


def concerned(difference: Difference) -> list[Case]:
    """Return the recorded runs that a difference is about."""
    return [case for case in CASES if difference.concerns(case)]
