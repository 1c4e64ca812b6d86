"""The demo: the shop that it builds, what the jobs do to it, and how it is told."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result

from segmail.cli import program
from segmail.delivery.rows.outcome import Status
from segmail.demo.between_jobs import CLOSES_ACCOUNT, UNSUBSCRIBES
from segmail.demo.folder import Stage, set_stage
from segmail.demo.people import PEOPLE
from segmail.demo.recipes.cast import CAST
from segmail.demo.recipes.play import PlayedRecipes, play_recipes
from segmail.demo.run_jobs import Story, play
from segmail.demo.seed import ITALY, MERCHANTS_CODES, NOW, STORES, US
from segmail.maho.customers import SubscriberStatus
from tests.program import ROOT
from tests.thorough import by_far


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A demo that was played; no test changes it."""
    return play(set_stage(tmp_path_factory.mktemp("demo"), keep=False), now=NOW)


def demo(folder: Path, *options: str, **environment: str) -> Result:
    arguments = ["demo", "--dir", str(folder), *options]
    return CliRunner().invoke(program, arguments, env={"COLUMNS": "80", **environment})


def reasons(story: Story, status: Status) -> str:
    return "\n".join(outcome.reason for outcome in story.outcomes if outcome.status is status)


def test_the_shop_has_two_stores_and_subscribers_in_every_status() -> None:
    statuses = {person.status for person in PEOPLE}

    assert len(PEOPLE) >= 40
    assert {person.store for person in PEOPLE} == set(STORES)
    assert statuses == {None, *SubscriberStatus} - {SubscriberStatus.UNKNOWN}
    assert all(
        getattr(US, field) != getattr(ITALY, field) for field in ("locale", "timezone", "currency")
    )


def test_the_refresh_shows_who_enters_and_leaves_each_segment(story: Story) -> None:
    found = {
        one.segment: (one.members, one.entered, one.left, one.enrolled, one.stopped)
        for one in story.refreshed
    }

    assert found == {
        "New customers": (17, 2, 1, 2, 1),
        "Nuovi clienti": (11, 0, 0, 0, 0),
        "Abandoned baskets": (8, 1, 1, 1, 1),
        "Club members": (2, 0, 1, 1, 0),
        "Birthday today": (2, 0, 0, 0, 0),
        "Winter sale": (20, 1, 0, 0, 0),
    }
    assert story.swept.unsubscribed == 15


def test_who_leaves_between_the_jobs_gets_no_mail(story: Story) -> None:
    skipped = [one for one in story.outcomes if one.status is Status.SKIPPED]
    people = {one.row.customer_id: PEOPLE[one.row.customer_id - 1] for one in skipped}
    names = {f"{person.first} {person.last}" for person in people.values()}

    assert story.left_meanwhile
    assert {UNSUBSCRIBES, CLOSES_ACCOUNT} < names


def test_every_kind_of_outcome_happens(story: Story) -> None:
    ended = Counter(outcome.status for outcome in story.outcomes)

    assert ended == story.summary.counts
    assert set(ended) == {Status.SENT, Status.SKIPPED, Status.FAILED}
    assert story.summary.held
    assert story.not_due


def test_steps_are_skipped_for_every_reason_that_a_shop_knows(story: Story) -> None:
    told = reasons(story, Status.SKIPPED)

    for reason in ("not subscribed", "inactive", "max_sends", "switched off"):
        assert reason in told


def test_a_broken_template_and_an_inactive_rule_fail_alone(story: Story) -> None:
    told = reasons(story, Status.FAILED)

    assert "{{var customer}}" in told
    assert '"Club 2025" is not active' in told
    assert story.summary.counts[Status.SENT] > story.summary.counts[Status.FAILED]


def test_every_mail_that_was_sent_is_a_file(story: Story) -> None:
    assert len(story.mails) == story.summary.counts[Status.SENT]
    assert all(mail.subject and mail.text and "{{" not in mail.body for mail in story.mails)
    assert {mail.body == mail.text for mail in story.mails} == {True, False}


def test_each_store_speaks_its_own_language_and_money(story: Story) -> None:
    preview = story.preview

    assert preview is not None
    assert "10,00\xa0€" in preview.text
    assert "apr 2026" in preview.text
    assert any("10% off" in mail.text and "Mar 24, 2026" in mail.text for mail in story.mails)


def test_a_second_run_sends_nothing(story: Story) -> None:
    assert not story.second_run.counts.total()


def test_the_cleanups_delete_what_is_old_and_spare_the_merchants_codes(story: Story) -> None:
    assert story.progress.deleted
    assert story.coupons.deleted
    assert story.coupons.left >= len(MERCHANTS_CODES)


def test_the_report_counts_what_was_sent(story: Story) -> None:
    counts = story.report.counts

    assert counts.sent >= story.summary.counts[Status.SENT]
    assert counts.failed == story.summary.counts[Status.FAILED]
    assert "Daily automation report" in story.stage.log.read_text("utf-8")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """A demo of the command, called by somebody with settings of his own; some tests go on."""
    folder = tmp_path_factory.mktemp("told") / "demo"
    return Told(Stage(folder), demo(folder, SEGMAIL_SMTP_URL="smtp://127.0.0.1:1"))


@dataclass(frozen=True)
class Told:
    """A demo of the command."""

    stage: Stage
    ran: Result


def test_the_command_tells_the_story_in_80_columns(told: Told) -> None:
    stage, ran = told.stage, told.ran

    assert ran.exit_code == 0, ran.output
    assert str(stage.mails) in ran.output.replace("\n", "").replace(" ", "")
    assert '<meta charset="utf-8">' in stage.preview.read_text("utf-8")
    assert all(len(line) <= 80 for line in ran.stdout.splitlines() if " --config " not in line)


def test_the_callers_environment_does_not_count(told: Told) -> None:
    assert list(told.stage.mails.glob("*.eml"))


def test_a_demo_that_is_kept_sends_only_what_came_due_since(told: Told) -> None:
    mails = set(told.stage.mails.iterdir())

    at_once = demo(told.stage.folder, "--keep")
    tomorrow = demo(told.stage.folder, "--keep", SEGMAIL_NOW="2026-03-11 14:05")

    assert "0 customers entered a segment, 1 left" in at_once.output
    assert "0 steps were due" in at_once.output
    assert tomorrow.exit_code == 0
    assert mails < set(told.stage.mails.iterdir())


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """The demo's shop before the jobs; no test sends anything."""
    return set_stage(tmp_path_factory.mktemp("stage") / "demo", keep=False)


def test_the_segments_are_as_a_file_of_them_says(stage: Stage) -> None:
    segment = ["--config", str(stage.config), "segment"]
    exported = CliRunner().invoke(program, [*segment, "export"])

    applied = CliRunner().invoke(program, [*segment, "apply", "-"], input=exported.stdout)

    assert "refresh: segmail" in exported.stdout
    *plan, in_sum = applied.stdout.splitlines()
    assert {line.split()[0] for line in plan} == {"unchanged"}
    assert in_sum == f"Applied: {len(plan)} unchanged."


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")

    ran = demo(tmp_path)

    assert ran.exit_code == 2
    assert "give another folder" in ran.output
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


def test_the_documented_commands_work_on_the_demos_shop(stage: Stage) -> None:
    block = re.search(
        r"```sh\n(segmail .*?)```", (ROOT / "docs/README.md").read_text("utf-8"), re.DOTALL
    )

    assert block
    for line in block[1].replace("\\\n", " ").splitlines():
        arguments = shlex.split(line)[1:]
        ran = CliRunner().invoke(program, ["--config", str(stage.config), *arguments])
        assert ran.exit_code == 0, f"{line}\n{ran.output}"


def got(recipes: PlayedRecipes, name: str, recipe: str) -> list[str]:
    """Return what a customer got of a recipe, each with its day and hour in New York."""
    segment = next(case.segment for case in recipes.cases if case.recipe == recipe)
    address = f"{name.lower().replace(' ', '.')}@mail.example"
    return [
        f"{row.at.astimezone(ZoneInfo(US.timezone)):%d %b %H:%M} {row.step.rpartition(':')[2]}"
        for row in recipes.rows
        if row.email == address and row.segment == segment and row.is_sent
    ]


_MAILED = [
    ("Gideon Marsh", "abandoned-cart",
     ["24 Feb 09:00 1", "25 Feb 08:00 2", "03 Mar 08:00 3"]),
    ("Pearl Nakamura", "abandoned-cart", ["24 Feb 09:00 1"]),
    ("Hazel Lindgren", "abandoned-cart", []),
    ("Rufus Tan", "abandoned-cart", []),
    ("Rufus Tan", "high-value-cart", ["24 Feb 10:00 1", "25 Feb 08:00 2", "27 Feb 08:00 3"]),
    ("Amos Greer", "welcome", ["24 Feb 08:30 1"]),
    ("Adaeze Nwosu", "win-back", ["24 Feb 08:00 1"]),
    ("Florence Quill", "birthday", ["28 Feb 00:00 1", "03 Mar 00:00 2", "07 Mar 00:00 3"]),
    ("Ginevra Sala", "birthday-reminder", ["28 Feb 18:00 1", "07 Mar 18:00 2"]),
    ("Delphine Roy", "new-region", ["24 Feb 08:00 1", "27 Feb 08:00 2", "10 Mar 09:00 3"]),
]  # fmt: skip


def test_the_command_replaces_the_demo_before_and_plays_recipes_that_write_when_they_should(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One test, so that one process plays them: until each has written, `--all` to the end."""
    stage = told.stage
    old = stage.mails / "old.eml"
    old.write_bytes(next(stage.mails.iterdir()).read_bytes())
    played: list[PlayedRecipes] = []

    def play_and_keep(folder: Path) -> PlayedRecipes:
        played.append(play_recipes(folder))
        return played[-1]

    monkeypatch.setattr("segmail.demo.recipes.play.DAYS", by_far(15, 35))
    monkeypatch.setattr("segmail.demo.recipes.play.play_recipes", play_and_keep)

    ran = demo(stage.folder, "--recipes")

    assert ran.exit_code == 0, ran.output
    assert not old.exists()
    assert list(stage.mails.iterdir())
    assert "Sixteen recipes, 35 days" in ran.output
    assert list((stage.recipes / "mails").glob("*.eml"))

    [recipes] = played
    for name, recipe, mails in _MAILED:
        assert got(recipes, name, recipe) == mails, (name, recipe)
    mailed = {row.segment for row in recipes.rows if row.is_sent}
    page = (stage.recipes / "mails.html").read_text("utf-8")

    assert len(recipes.cases) == 16
    assert {case.segment for case in recipes.cases} == mailed
    assert recipes.findings.sent == len(recipes.mails) == recipes.report.counts.sent
    assert not recipes.report.counts.failed
    shown = sum(len(got(recipes, role.name, role.recipe)) for role in CAST)
    assert page.count("<iframe sandbox") == shown > 50
    assert "<script" not in page
