"""Deletes what the automation made and nobody needs any more."""

from segmail.janitor.expired_coupons import count_expired_coupons, delete_expired_coupons
from segmail.janitor.old_progress import count_old_progress, delete_old_progress
from segmail.janitor.thresholds import coupon_cleanup_days, progress_cleanup_days

__all__ = [
    "count_expired_coupons",
    "count_old_progress",
    "coupon_cleanup_days",
    "delete_expired_coupons",
    "delete_old_progress",
    "progress_cleanup_days",
]
