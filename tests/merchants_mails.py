"""Mails as merchants' tools write them: MJML, Stripo, Mailchimp, Word and hands, with Template
Styles that meddle with what is in them."""

from __future__ import annotations

from pathlib import Path

from segmail.templates import Kind, compile_template
from tests.unit.templates.recorded import RecordedSite, recorded_variables

MAILS = sorted((Path(__file__).parent / "golden" / "merchants_mails").glob("*.html"))


def styles(mail: Path) -> str:
    """Return the Template Styles of a mail."""
    return mail.with_suffix(".css").read_text("utf-8")


def rendered(mail: Path, *, css: str | None = None, coupon_code: str = "SAVE-1") -> str:
    """Return a mail with the recorded customer's values, and with styles inlined."""
    template = compile_template(mail.read_text("utf-8"), kind=Kind.HTML, styles=css)
    return template.render({**recorded_variables(), "coupon_code": coupon_code}, RecordedSite())
