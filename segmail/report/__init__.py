"""What the automation did and what it still has to do (SPEC, job 4)."""

from segmail.report.activity import Activity, Counts, Coupons, SegmentActivity, StepActivity
from segmail.report.collect import ReportScope, collect_activity, is_slow
from segmail.report.formats import FORMATS, as_text, log_line
from segmail.report.window import Window, choose_window

__all__ = [
    "FORMATS",
    "Activity",
    "Counts",
    "Coupons",
    "ReportScope",
    "SegmentActivity",
    "StepActivity",
    "Window",
    "as_text",
    "choose_window",
    "collect_activity",
    "is_slow",
    "log_line",
]
