"""Campaign files as texts, applied to a test shop."""

from __future__ import annotations

from pathlib import Path

from segmail.campaigns.apply import Wish, apply_files, plan_files
from segmail.campaigns.export import export_campaigns
from segmail.campaigns.files import read_bytes
from segmail.campaigns.outcome import Applied
from tests.shop_builder import ShopBuilder


def apply(
    shop: ShopBuilder,
    *files: str | bytes,
    dry_run: bool = False,
    prune: bool = False,
    folder: Path = Path(),
) -> list[Applied]:
    """Apply files, called `f.yaml`, `g.yaml` and so on, and return what was done."""
    read = [
        read_bytes(
            data.encode() if isinstance(data, str) else data, file=f"{name}.yaml", folder=folder
        )
        for name, data in zip("fghij", files, strict=False)
    ]
    work = plan_files if dry_run else apply_files
    return work(shop.shop, read, Wish(prune, shop.now))


def export(shop: ShopBuilder, *segments: str) -> str:
    """Return the file of these segments, by default of all."""
    return export_campaigns(shop.shop, segments, beside=False).text
