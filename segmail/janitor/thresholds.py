"""How many days the shop keeps finished progress records and expired coupons."""

from __future__ import annotations

from segmail.errors import ConfigError
from segmail.maho.config.store_config import StoreConfig

MOST_DAYS = 36_500  # a century; an earlier date could not be calculated with


def progress_cleanup_days(config: StoreConfig) -> int:
    """Return the days to keep finished progress records (SPEC: 90). Raises ConfigError."""
    return _days(config, "customer_segmentation/email_automation/cleanup_days", 90)


def coupon_cleanup_days(config: StoreConfig) -> int:
    """Return the days to keep coupons after they expire (SPEC: 30). Raises ConfigError."""
    return _days(config, "customer_segmentation/email_automation/coupon_cleanup_days", 30)


def _days(config: StoreConfig, path: str, default: int) -> int:
    """Return the configured number, `default` if it is not set, empty or NULL.

    To Maho an empty value means no days at all, and everything would be deleted; here only an
    explicit `--days 0` does that.
    """
    days = config.number(path)
    if days is None:
        return default
    if not 1 <= days <= MOST_DAYS:
        raise ConfigError(
            f"{path}: {days} is out of range: 1 to {MOST_DAYS} days can be configured. "
            "For a single run, the option --days also accepts 0."
        )
    return days
