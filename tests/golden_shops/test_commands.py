"""Every command of the program on shops that Maho installed: its exit code and its answer."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click
import pytest

from segmail.cli import program
from tests.golden_shops.golden_shop import GoldenShop

# In this order, on one shop: command, exit code, what stdout or stderr holds.
SCRIPT = (
    ("schema check", 0, "Layout +shipped"),
    ("schema check --json", 0, '"missing": \\[\\]'),
    ("schema apply --dry-run", 0, "There is nothing to create."),
    ("schema apply --yes", 0, "There is nothing to create."),
    ("help schema", 0, "schema"),
    ("completion bash", 0, "_SEGMAIL_COMPLETE"),
    ("config show", 0, "smtp_url"),
    ("config check", 0, "The settings are right"),
    ("doctor", 78, "1 error; the list says what to do"),  # no cron runs: rows are overdue
    ("doctor --json", 78, "1 error; the list says what to do"),
    ("status", 1, "3 things need a look"),
    ("take-over --dry-run", 0, "Would set customer_segmentation/segmail/enabled to 1"),
    ("recover --dry-run", 0, "No row waits"),
    ("recipe list", 0, "win-back"),
    ("recipe show win-back", 0, "days since last order > 90"),
    ("recipe export nobody exported", 2, "nobody"),
    ("recipe apply win-back --dry-run", 0, "created"),
    ("sequence needs 1:enter:1 products --dry-run", 0, "products"),
    ("segment enrol 1 --dry-run", 0, "0 of 0 members"),
    ("segment list", 0, "Newsletter readers +yes +on .* 3 of 3 +1,500 +0"),
    ("segment list --json", 0, '"pending": 1500'),
    ("segment show 'newsletter readers'", 0, "Steps +3, 3 active"),
    ("segment show 1 --json", 0, '"label": "Newsletter readers:enter:3"'),
    ("segment show nobody", 2, "no segment 'nobody'"),
    ("segment match 1 --json", 0, "  2000\n\\]"),
    ("segment match 1 --customer 3", 0, "Customer 3 matches 'Newsletter readers'"),
    ("segment explain 1", 0, "2,000 of 2,000 active customers"),
    ("segment export", 0, "newsletter: status = subscribed"),
    ("segment apply nowhere.yaml", 2, "nowhere.yaml"),
    ("campaign export", 0, "template: bench-welcome"),
    ("campaign apply nowhere.yaml", 2, "nowhere.yaml"),
    ("campaign diff nowhere.yaml", 2, "nowhere.yaml"),
    ("campaign validate nowhere.yaml", 2, "nowhere.yaml"),
    ("campaign schema", 0, "sales rules"),
    ("segment import 1 nowhere.csv", 2, "nowhere.csv"),
    ("refresh-segments --dry-run", 0, "1 +Newsletter readers +2,000 +2,000 +0 +1,500 +0"),
    ("sequence list", 0, "bench-coupon +1 day +yes +coupon WB… of 'Automation 15%' for 30 days"),
    ("sequence list --segment 1 --json", 0, '"delay_minutes": 4320'),
    ("sequence show 1:enter:2", 0, "Coupon +coupon WB… of 'Automation 15%'"),
    ("sequence show 2 --json", 0, '"template": "bench-coupon"'),
    ("sequence show 99", 2, "There is no step 99"),
    ("sequence validate", 0, "No faults found"),
    ("template list", 0, "bench-coupon .* Newsletter readers:enter:2"),
    ("template show bench-inc", 0, "Variables +customer_firstname, extra"),
    ("template render bench-welcome --customer 3", 0, "newsletter/subscriber/unsubscribe"),
    ("template render bench-coupon --step 1:enter:2 --subject", 0, "15% off for you"),
    ("template lint", 0, "No faults found in 3 templates"),
    ("template lint bench-inc --json", 1, "2 errors, 0 warnings found"),
    ("report", 0, "Scheduled +1,500 "),
    ("report --format json --hours 48", 0, '"scheduled": 1500'),
    ("simulate --days 1 --sample 50", 0, r"50 of 2,000 customers, \d+ mails"),
    ("process-emails --dry-run --limit 3", 0, "Dry run: 3 due rows, nothing was changed"),
    ("process-emails --dry-run --limit 0 --json", 0, "to c500@example.test: We miss you"),
    ("cleanup-progress --dry-run", 0, "Would delete 0 sequence progress records"),
    ("cleanup-progress", 0, "^$"),
    ("cleanup-coupons --dry-run", 0, "Would delete 0 expired automation coupons"),
    ("cleanup-coupons", 0, "^$"),
    (
        "sequence add 1 --template bench-inc --delay '7 days' --coupon 'Automation 15%'"
        " --prefix LAST --expires-days 3",
        0,
        "Added Newsletter readers:enter:4 .* with coupon LAST… of 'Automation 15%' for 3 days",
    ),
    (
        "sequence add 1 --template bench-inc --delay '7 days' --coupon 'Automation 15%'"
        " --prefix LAST --expires-days 3 --if-missing --json",
        0,
        '"created": false',
    ),
    ("sequence add 1 --template bench-inc --step 1", 2, "Newsletter readers:enter:1"),
    ("sequence add 1 --template bench-inc --trigger exit --inactive", 0, "readers:exit:1"),
    ("sequence edit 1:enter:4 --delay 10d --no-coupon", 0, "delay 7 days → 10 days"),
    ("sequence validate --json", 0, "^\\["),
    ("sequence remove 1:enter:4", 2, "give --yes"),
    ("sequence remove 1:enter:4 --yes", 0, "Removed Newsletter readers:enter:4"),
    ("sequence disable 1:enter:3", 0, "is off now; skipped 500 scheduled rows"),
    ("sequence enable 1:enter:3", 0, "is on now"),
    ("segment automation 1 off", 0, "Held: 1,000 scheduled rows, 1,000 of them due"),
    ("process-emails --json", 0, '"held": 1000'),
    ("segment automation 1 on", 0, "To go out with the next process-emails: 1,000 due rows"),
    ("preview 1:enter:1 --customer 3", 0, "Subject: Welcome"),
    ("schema tune --dry-run", 0, "status"),
    ("why 3 --step 1:enter:1", 0, "As things are, it will be sent to model3@example.test: "),
    ("process-emails --limit 1000", 0, "^$"),
    ("why 3 --step 1:enter:1", 0, "It was sent at "),
    ("history --customer 3 --status sent", 0, "readers:enter:1 +sent +"),
    ("history --limit 2 --json", 0, '"outcome": "sent"'),
    ("retry --all-failed", 0, "there is nothing to schedule again"),
    ("retry --step 1:enter:9 --yes", 2, "has no step enter:9"),
    ("segment list", 0, "3 of 4 +0 +0"),
    ("refresh-segments", 0, "^$"),
    ("segment show 1", 0, "Members +2,000"),
)
LOOKS = "doctor|dry-run|list|show|match|explain|export|history|why|preview"
DEMO = "demo"  # builds a shop of its own


def test_every_command_does_its_work(golden: GoldenShop) -> None:
    for command, code, answer in SCRIPT:
        ran = golden.run(*shlex.split(command))

        assert ran.returncode == code, f"{command}: {ran.stderr}"
        assert re.search(answer, ran.stderr if code else ran.stdout), f"{command}: {ran.stdout}"
        assert bool(ran.stderr) == bool(code) or ran.stderr.startswith("Warning: "), command


def test_every_command_is_in_the_script() -> None:
    run = {shlex.join(shlex.split(command)[:2]) for command, _, _ in SCRIPT}
    run |= {command.split()[0] for command, _, _ in SCRIPT}

    assert run >= {name for name in _commands(program) if name != DEMO}


@pytest.mark.parametrize(
    "command",
    sorted({command for command, *_ in SCRIPT if re.search(LOOKS, command)}),
)
def test_what_only_looks_changes_nothing(golden: GoldenShop, command: str) -> None:
    before = golden.content()

    golden.run(*shlex.split(command))

    assert golden.content() == before


def _commands(command: click.Command, path: str = "") -> Iterator[str]:
    """Yield the commands that do something, with the groups that they are in."""
    if not isinstance(command, click.Group):
        yield path
        return
    with click.Context(command) as context:
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from _commands(inner, f"{path} {name}".strip())
