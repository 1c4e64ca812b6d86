"""What a message says about its campaign: by numbers in its headers, by name in its links.

Headers travel through foreign mail servers and are kept there: they name segments and steps by id,
and no person at all.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime

from segmail.maho.steps import Step
from segmail.maho.storefront.stores import Store
from segmail.mail.due_row import DueRow

_SENDER_ID = range(5, 16)  # characters, by Gmail's rules for Feedback-ID
_NOT_IN_LABEL = re.compile(r"[^\w-]+", re.ASCII)
_NOT_IN_NAME = re.compile(r"[\W_]+")


def campaign_headers(step: Step, sender_domain: str) -> dict[str, str]:
    """Return `Feedback-ID`, by which Gmail counts complaints, and `X-Segmail`, for filters."""
    segment = step.segment.segment_id
    parts = (f"segment-{segment}", f"step-{step.sequence_id}", step.trigger.value)
    return {
        "Feedback-ID": ":".join((*parts, _sender_id(sender_domain))),
        "X-Segmail": (
            f"segment={segment}; trigger={step.trigger}; step={step.step_number}; "
            f"sequence={step.sequence_id}"
        ),
    }


def list_id(store: Store, sender_domain: str) -> str | None:
    """Return the identity of a store's newsletter, to which customers subscribe.

    None for a sender without a domain of its own (`shop@[192.0.2.1]`).
    """
    code = _NOT_IN_LABEL.sub("-", store.code) or str(store.store_id)
    return None if sender_domain.startswith("[") else f"newsletter.{code}.{sender_domain}"


def link_parameters(step: Step, source: str, medium: str) -> dict[str, str]:
    """Return the parameters from which web statistics tell where a visitor came from."""
    name = _NOT_IN_NAME.sub("-", step.segment.name.casefold()).strip("-")
    return {
        "utm_source": source,
        "utm_medium": medium,
        "utm_campaign": name or f"segment-{step.segment.segment_id}",
        "utm_content": f"{step.trigger}-{step.step_number}",
    }


def attempt_id(row: DueRow, lease_until: datetime) -> str:
    """Return the part of the Message-ID before the @, the same for a whole attempt.

    An attempt is a row with a lease. The lease is in the database, so that the Message-ID of an
    attempt whose run died can be determined again.
    """
    names = (row.progress_id, row.customer_id, row.step.sequence_id, lease_until.isoformat())
    return hashlib.blake2b(":".join(map(str, names)).encode(), digest_size=16).hexdigest()


def _sender_id(domain: str) -> str:
    name = re.sub(r"[^a-z0-9]+", "-", domain.lower())[: _SENDER_ID.stop - 1].strip("-")
    return name if len(name) in _SENDER_ID else f"{name}-mail"
