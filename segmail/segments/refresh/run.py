"""The use case of `refresh-segments`: one segment after the other."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from segmail.clock import Clock
from segmail.errors import ConditionError, ConfigError, RefreshFailed, SegmailError, TemporaryError
from segmail.log import exceptions, logger
from segmail.maho.db.database import Conflict
from segmail.maho.shop import Shop
from segmail.segments.conditions.scope import KeptScope
from segmail.segments.refresh.asking import Asker, Poll
from segmail.segments.refresh.candidates import (
    Candidate,
    Choice,
    Matching,
    choose,
)
from segmail.segments.refresh.order import in_order
from segmail.segments.refresh.outcome import Refreshed, RefreshState
from segmail.segments.refresh.segment import RefreshOptions, refresh_segment
from segmail.segments.refresh.status import mark_failed

# Errors raised by a stored value that nobody foresaw: it may cost its segment, never the others.
_BUGS = (
    ArithmeticError, AssertionError, AttributeError, LookupError, OSError, RuntimeError, TypeError,
    ValueError,
)  # fmt: skip


def refresh_segments(
    shop: Shop,
    choice: Choice,
    options: RefreshOptions,
    *,
    clock: Clock,
    matching: Matching,
    asking: Asker | None = None,
    scope: KeptScope | None = None,
    is_stopping: Callable[[], bool] = lambda: False,
) -> list[Refreshed]:
    """Refresh the chosen segments, each after those it names, and return the outcome of each.

    A segment that fails is marked `error` and does not stop the others. Once `is_stopping` returns
    True, no other segment is begun, and a large one ends with its current chunk. A caller who knows
    what has changed can say whom to ask (`asking`). `scope` may be shared with `matching`.
    Raises InputError for a segment that does not exist, ConfigError for invalid policies.
    """
    began = clock.now().replace(microsecond=0)
    with shop.read() as tx:
        candidates, circles = in_order(tx, choose(tx, choice, now=clock.now()))
    trees = [one.tree for one in candidates if one.tree is not None]
    if asking is None and options.by_change:
        asking = Poll(
            began,
            trees,
            scope=scope,
            full=options.full,
            everybody_below=options.everybody_below,
        )
    done: list[Refreshed] = []
    for candidate in candidates:
        if is_stopping():
            logger.info("Stopped by a signal; %d segments are left", len(candidates) - len(done))
            break
        _warn(candidate)
        circle = circles.get(candidate.id)
        work = partial(
            refresh_segment,
            *(shop, candidate.id, options),
            matching=matching,
            asking=asking,
            is_stopping=is_stopping,
        )
        one = _refresh(shop, candidate, options, clock, work, circle=circle)
        _log(one, dry_run=options.dry_run)
        done.append(one)
    return done


def fault_of(done: Sequence[Refreshed]) -> SegmailError | None:
    """Return the run's error: 78 or 75 if all failures are of that kind, else 1; None if all is
    well.
    """
    codes = {one.exit_code for one in done if one.exit_code}
    if not codes:
        return None
    failed = sum(one.state is RefreshState.FAILED for one in done)
    waiting = sum(one.state is RefreshState.WAITING for one in done)
    told = f"{failed} of {len(done)} segments could not be refreshed; the log says why."
    if waiting:
        told = f"{told} " if failed else ""
        told += f"In {waiting} of {len(done)} segments the enrolment waits for a word; see the log."
    if codes == {ConfigError.exit_code}:
        return ConfigError(told)
    if codes == {TemporaryError.exit_code}:
        return TemporaryError(told)
    return RefreshFailed(told)


def _refresh(
    shop: Shop,
    candidate: Candidate,
    options: RefreshOptions,
    clock: Clock,
    work: Callable[..., Refreshed | None],
    *,
    circle: ConditionError | None,
) -> Refreshed:
    began, now = time.monotonic(), clock.now().replace(microsecond=0)
    nothing = Refreshed(candidate.id, candidate.segment.name, RefreshState.INACTIVE)
    if not candidate.segment.is_active:
        return replace(nothing, reason="the segment is inactive; its members stay as they are")
    try:
        if circle is not None:
            raise circle
        done = work(now=now) or _busy(nothing)
    except (SegmailError, SQLAlchemyError, Conflict, *_BUGS) as error:
        done = _failed(shop, nothing, error, mark=not options.dry_run, now=clock.now())
    return replace(done, seconds=round(time.monotonic() - began, 3))


def _busy(nothing: Refreshed) -> Refreshed:
    return replace(
        nothing, state=RefreshState.BUSY, reason="another refresh is working on the segment"
    )


def _failed(
    shop: Shop, nothing: Refreshed, error: Exception, *, mark: bool, now: datetime
) -> Refreshed:
    if mark and not isinstance(error, TemporaryError):
        mark_failed(shop, nothing.segment_id, now=now)
    # An error that a person must fix is logged at each refresh; a traceback does not help with it.
    if not isinstance(error, SegmailError):
        exceptions.error("Segment %d could not be refreshed", nothing.segment_id, exc_info=error)
    code = error.exit_code if isinstance(error, SegmailError) else RefreshFailed.exit_code
    return replace(nothing, state=RefreshState.FAILED, reason=_reason(error), exit_code=code)


def _reason(error: Exception) -> str:
    cause = error.__cause__ if isinstance(error, Conflict) else error
    if isinstance(cause, DBAPIError):
        return str(cause.orig)
    if isinstance(cause, SegmailError | SQLAlchemyError | None):
        return str(cause)
    return f"a bug in segmail: {type(cause).__name__}; exception.log has its traceback"


def _warn(candidate: Candidate) -> None:
    if candidate.is_automatic and candidate.needs_segmail:
        logger.warning(
            "Segment %d '%s' has conditions that Maho deletes when it refreshes or saves it; keep "
            "Maho's refresh away: segmail segment automation %d on --refresh segmail",
            candidate.id,
            candidate.segment.name,
            candidate.id,
        )


def _log(one: Refreshed, *, dry_run: bool) -> None:
    if dry_run:
        return
    name = f"segment {one.segment_id} '{one.segment}'"
    if one.state is RefreshState.REFRESHED:
        level = logging.INFO if one.changed_something else logging.DEBUG
        logger.log(level, "Refreshed %s: %s in %.2fs", name, one.told(), one.seconds)
    elif one.state is RefreshState.WAITING:
        logger.error("Refreshed %s: %s; %s", name, one.told(), one.reason)
    elif one.state is RefreshState.UNFINISHED:
        logger.info("Refreshed a part of %s: %s; %s", name, one.told(), one.reason)
    elif one.state is RefreshState.FAILED:
        logger.error("Could not refresh %s: %s", name, one.reason)
    else:
        logger.info("Left %s: %s", name, one.reason)
