"""`refresh-segments`: updates who is in a segment, and starts and stops steps accordingly."""

from segmail.segments.refresh.candidates import Candidate, Choice, Matching
from segmail.segments.refresh.outcome import Refreshed, RefreshState
from segmail.segments.refresh.present import Enrolment, enrol_present, members_without_mail
from segmail.segments.refresh.run import fault_of, refresh_segments
from segmail.segments.refresh.segment import RefreshOptions
from segmail.segments.refresh.sweep import Swept, sweep_up

__all__ = [
    "Candidate",
    "Choice",
    "Enrolment",
    "Matching",
    "RefreshOptions",
    "RefreshState",
    "Refreshed",
    "Swept",
    "enrol_present",
    "fault_of",
    "members_without_mail",
    "refresh_segments",
    "sweep_up",
]
