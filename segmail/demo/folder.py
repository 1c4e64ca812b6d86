"""The demo's folder: the shop, its mails, its log, and a segmail.toml that points to them."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL

from segmail.demo.build import build_shop
from segmail.errors import InputError


@dataclass(frozen=True)
class Stage:
    """The paths of a demo's parts."""

    folder: Path

    @property
    def shop(self) -> Path:
        return self.folder / "shop.sqlite"

    @property
    def mails(self) -> Path:
        return self.folder / "mails"

    @property
    def config(self) -> Path:
        return self.folder / "segmail.toml"

    @property
    def log(self) -> Path:
        return self.folder / "customer_segmentation.log"

    @property
    def preview(self) -> Path:
        return self.folder / "preview.html"

    @property
    def recipes(self) -> Path:
        return self.folder / "recipes"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def exceptions(self) -> Path:
        return self.folder / "exception.log"


def set_stage(folder: Path, *, keep: bool) -> Stage:
    """Build the demo in `folder`; with `keep`, use the existing one as it is.

    An earlier demo in the folder is replaced. Raises InputError for a folder that has other things
    in it, or that cannot be written.
    """
    stage = Stage(folder.resolve())
    try:
        str(stage.folder).encode()
    except UnicodeEncodeError as error:  # its files refer to each other in UTF-8
        raise InputError(f"--dir {str(folder)!a}: is not UTF-8; give another folder.") from error
    try:
        if not keep or not stage.shop.exists():
            _clear(stage)
            build_shop(stage.shop)
            stage.config.write_text(_toml(stage), "utf-8")
    except OSError as error:
        raise InputError(
            f"--dir {folder}: cannot be written: {error.strerror}; give another folder."
        ) from error
    return stage


def _clear(stage: Stage) -> None:
    stage.folder.mkdir(parents=True, exist_ok=True)
    if any(stage.folder.iterdir()) and not stage.shop.exists():
        raise InputError(
            f"--dir {stage.folder}: is not empty, and not a demo's; give another folder."
        )
    for file in (stage.shop, stage.config, stage.log, stage.exceptions, stage.preview):
        file.unlink(missing_ok=True)
    for folder in (stage.mails, stage.state, stage.recipes):
        shutil.rmtree(folder, ignore_errors=True)


def _toml(stage: Stage) -> str:
    told = {
        "database_url": URL.create("sqlite", database=str(stage.shop)).render_as_string(),
        "smtp_url": stage.mails.as_uri(),
        "state_dir": str(stage.state),
        "log_file": str(stage.log),
    }
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in told.items()]
    return "\n".join(["# The demo shop, for `segmail --config`.", *lines, ""])
