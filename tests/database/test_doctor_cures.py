"""Each thing that `doctor` or `status` finds is provoked, and gone after the fix that it prints.

A case provokes something, gets the printed advice, and follows it: a command that stands there is
run, what a person does in Maho or in a shell is done. `sender_domains` and `contact` have their
cases in tests/commands/test_doctor_beyond.py.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import URL, select, text

from segmail import __version__
from segmail.cli import program
from segmail.findings import Finding
from segmail.jobs.record import PATH, JobEnd, JobName, begin_run, end_run, this_host
from segmail.maho.config.switch import FLAG, OWN
from segmail.maho.cron import SENDS, cron_table
from segmail.maho.db.database import Database
from segmail.maho.newsletter_queue import AUTOMATION, QueueStatus
from segmail.maho.schema.tables import Layout, build_tables
from segmail.maho.shop import Shop
from tests.conftest import NOW
from tests.database.test_doctor import ONLY_SEGMAILS, UNKNOWN, stored
from tests.program import ROOT
from tests.shop_builder import ShopBuilder

# Where what needs a server, or this machine, is provoked and cured.
ELSEWHERE = {
    "indexes._suggestion": "test_doctor_indexes.test_the_statement_that_is_suggested_works",
    "lost_indexes._warning": "test_doctor_indexes.test_an_index_of_mahos_own_that_is_lost",
    "lost_indexes.lost_tuning": "test_doctor_indexes.test_a_long_history_would_gain_by_tuning",
    "jobs.clock_findings": "test_doctor_jobs.test_a_clock_that_differs_from_the_databases",
    "jobs._full": "test_doctor_jobs.test_a_disk_that_is_nearly_full",
    "schema.schema_findings": "test_schema.test_tables_without_transactions_are_a_fault",
    "examine._of_schema": "test_doctor.test_a_server_without_room_is_one_finding",
    "examine._of_rights": "test_rights.test_a_database_that_is_read_only_is_an_error",
    "examine._checked": "test_rights.test_the_doctor_goes_on_where_it_may_not_read",
    "schema.right_findings": "test_rights.test_a_missing_right_is_told",
}
BEYOND = ("contact", "sender_domains")


@dataclass
class Patient:
    """A shop of its own in a file, and how the commands are told of it."""

    shop: ShopBuilder
    folder: Path
    env: dict[str, str] = field(default_factory=dict)
    options: list[str] = field(default_factory=list)

    def run(self, *arguments: str) -> Result:
        where = ["--database-url", self.shop.url.render_as_string(hide_password=False)]
        where += ["--now", "2026-03-10 12:00", "--state-dir", str(self.folder / "state")]
        env = {"SEGMAIL_SMTP_URL": f"file://{self.folder}/mails", **self.env}
        return CliRunner().invoke(program, [*where, *self.options, *arguments], env=env)

    def paste(self, advice: str) -> None:
        """Run the command that an advice begins with, or names."""
        command = re.search(r"segmail ([^(`]+)", advice)
        assert command, advice
        done = self.run(*command[1].split())
        assert done.exit_code in (0, 1), done.output

    def looked_at(self) -> list[tuple[str, str]]:
        """Return what `doctor` and `status` find wrong, and the advice."""
        found = list(json.loads(self.run("doctor", "--json").stdout))
        status = self.run("status", "--json")
        if status.exit_code in (0, 1):
            found += json.loads(status.stdout)["findings"]
        return [(one["what"], one["advice"]) for one in found if one["severity"] != "ok"]

    def set(self, path: str, value: str) -> None:
        """Set what the configuration says for all stores."""
        _delete_config(self, path)
        self.shop.config(path, value)

    def ended(self, job: JobName, *, ago: int, code: int = 0, reason: str = "") -> None:
        """Let a run of a job have ended so many minutes ago."""
        opened, then = self.shop.shop, self.shop.now - timedelta(minutes=ago)
        run = begin_run(opened, job, now=then)
        end_run(opened, run, JobEnd(then, then, code, reason, {}), self.folder)


Case = Callable[[Patient], Generator[None, str, None]]


@dataclass(frozen=True)
class Told:
    """What a case finds: words of it, and where in the code it is found."""

    case: Case
    said: str
    sites: tuple[str, ...]


CASES: list[Told] = []


def case(said: str, *sites: str) -> Callable[[Case], Case]:
    def add(function: Case) -> Case:
        CASES.append(Told(function, said, sites))
        return function

    return add


@case("past their lease", "attempts.attempt_findings")
@case("for longer than any run takes", "judge._switches")
def an_attempt_of_a_run_that_died(patient: Patient) -> Generator[None, str, None]:
    shop = patient.shop
    long_ago = shop.now - timedelta(days=2)
    row = shop.due(shop.step(shop.segment()), shop.customer(), scheduled_at=long_ago)
    queue = shop.insert(
        shop.tables.queue, template_id=1, queue_status=QueueStatus.PAUSE, queue_start_at=long_ago,
        automation_source=AUTOMATION, newsletter_text="Hello", newsletter_subject="Hello",
    )  # fmt: skip
    shop.change(shop.tables.progress, {"progress_id": row}, queue_id=queue)
    patient.paste((yield))


@case("old version", "delivery.program_findings", "judge._switches")
def a_new_version_that_cannot_be_built(patient: Patient) -> Generator[None, str, None]:
    patient.env["SEGMAIL_NOT_UPGRADED"] = "PyPI is out of reach"
    assert "bin/segmail --version" in (yield)
    del patient.env["SEGMAIL_NOT_UPGRADED"]  # which bin/segmail sets where it could not build


@case("mail transport is switched off", "delivery.mail_findings")
def no_mail_transport(patient: Patient) -> Generator[None, str, None]:
    patient.env["SEGMAIL_SMTP_URL"] = ""
    patient.shop.config("system/smtp/enabled", "0")
    assert "SEGMAIL_SMTP_URL" in (yield)
    patient.env["SEGMAIL_SMTP_URL"] = "smtp://127.0.0.1"


@case("leaves without encryption", "delivery.mail_findings")
def a_password_that_others_can_read(patient: Patient) -> Generator[None, str, None]:
    patient.env["SEGMAIL_SMTP_URL"] = "smtp://shop:secret@mail.example.com?starttls=never"
    assert "Leave starttls=never out" in (yield)
    patient.env["SEGMAIL_SMTP_URL"] = "smtp://shop:secret@mail.example.com"


@case("is no directory", "delivery.state_findings")
def a_file_where_the_state_is_to_be(patient: Patient) -> Generator[None, str, None]:
    (patient.folder / "state").write_text("")
    _move((yield))


@case("is not to be trusted", "delivery.state_findings")
def a_state_that_everybody_may_write(patient: Patient) -> Generator[None, str, None]:
    (patient.folder / "state").mkdir()
    (patient.folder / "state").chmod(0o777)
    yield  # the sentence itself says chmod o-w
    (patient.folder / "state").chmod(0o770)


@case("so no job begins", "delivery.log_findings")
def a_folder_in_the_logs_place(patient: Patient) -> Generator[None, str, None]:
    patient.options += ["--log-file", str(patient.folder / "log")]
    (patient.folder / "log").mkdir()
    _move((yield))


@case("is no directory", "delivery.log_findings")
def a_file_where_the_logs_folder_is_to_be(patient: Patient) -> Generator[None, str, None]:
    patient.options += ["--log-file", str(patient.folder / "logs/segmail.log")]
    (patient.folder / "logs").touch()
    _move((yield))


@case("is no policy of a segment", "examine._segments")
def a_policy_without_a_meaning(patient: Patient) -> Generator[None, str, None]:
    path = "customer_segmentation/segmail/segment/1/nonsense"
    patient.shop.config(path, "x")
    assert (yield) == "Delete it."
    _delete_config(patient, path)


@case("due; the oldest has waited", "jobs.job_findings", "judge._backlog")
def a_backlog(patient: Patient) -> Generator[None, str, None]:
    shop = patient.shop
    shop.due(shop.step(shop.segment()), shop.customer(), scheduled_at=shop.now - timedelta(hours=3))
    patient.paste((yield))


@case("ended 5 h ago", "jobs.job_findings", "judge._late")
def cron_that_stopped(patient: Patient) -> Generator[None, str, None]:
    patient.ended(JobName.PROCESS_EMAILS, ago=300)
    assert (yield).startswith("systemctl status cron; crontab -l | grep process-emails")
    assert patient.run("process-emails").exit_code == 0  # as cron does, once it runs


@case("2 times in a row", "jobs.job_findings", "judge._failing")
def runs_that_are_killed(patient: Patient) -> Generator[None, str, None]:
    shop, table, job = patient.shop, cron_table(""), JobName.PROCESS_EMAILS
    table.create(shop.database.engine)
    patient.ended(job, ago=120)
    for minutes in (10, 5, 0):
        begin_run(shop.shop, job, now=shop.now - timedelta(minutes=minutes))
        told = f"segmail 0 on {this_host()}, process {2**22 + 1}"  # not alive
        shop.change(table, {"status": "running"}, messages=told)
    assert "killed for want of memory" in (yield)
    assert patient.run("process-emails").exit_code == 0


@case("One that began 4 h ago", "jobs.job_findings", "judge._late")
def a_run_that_never_ended(patient: Patient) -> Generator[None, str, None]:
    patient.ended(JobName.PROCESS_EMAILS, ago=300)
    began = patient.shop.now - timedelta(hours=4)
    begin_run(patient.shop.shop, JobName.PROCESS_EMAILS, now=began)
    assert (yield).startswith("pgrep -af process-emails")
    assert patient.run("process-emails").exit_code == 0


@case("been in maintenance", "jobs.job_findings", "judge._maintenance")
def a_maintenance_that_nobody_ended(patient: Patient) -> Generator[None, str, None]:
    flag = patient.folder / "maho/maintenance.flag"
    (flag.parent / "app/etc").mkdir(parents=True)
    (flag.parent / "app/etc/local.xml").write_text(_LOCAL_XML)
    flag.touch()
    then = (patient.shop.now - timedelta(days=3)).timestamp()
    os.utime(flag, (then, then))
    patient.options += ["--maho-root", str(flag.parent)]
    command, file, *_ = (yield).split()
    assert command == "rm"
    Path(file).unlink()


@case("1 d or more ahead", "jobs.job_findings", "judge._hosts")
def another_host_whose_clock_is_ahead(patient: Patient) -> Generator[None, str, None]:
    patient.ended(JobName.PROCESS_EMAILS, ago=-24 * 60 - 30)
    assert (yield).startswith("timedatectl set-ntp true")
    patient.ended(JobName.PROCESS_EMAILS, ago=0)  # by a clock that is right again


@case("different versions", "jobs.job_findings", "judge._hosts")
def a_host_that_was_not_upgraded(patient: Patient) -> Generator[None, str, None]:
    config, c = patient.shop.tables.config, patient.shop.tables.config.c
    with patient.shop.database.engine.begin() as connection:
        path = f"{PATH}{JobName.PROCESS_EMAILS}/"
        value = connection.scalar(select(c.value).where(c.path.startswith(path)))
    old = str(value).replace(__version__, "0.1.0")
    patient.shop.config(f"{path}shop2", old)
    assert "git pull" in (yield)
    patient.shop.change(config, {"path": f"{path}shop2"}, value=value)


@case("No run has ended here yet", "jobs.job_findings", "judge._job")
def a_job_that_is_not_in_the_crontab(patient: Patient) -> Generator[None, str, None]:
    _delete_config(patient, "customer_segmentation/segmail/jobs/process-emails/%")
    patient.paste((yield))


@case("with 75: The mail server", "jobs.job_findings", "judge._failing")
def a_mail_server_that_is_away(patient: Patient) -> Generator[None, str, None]:
    patient.ended(JobName.PROCESS_EMAILS, ago=120)
    patient.ended(JobName.PROCESS_EMAILS, ago=5, code=75, reason="The mail server is away")
    assert (yield) == "segmail doctor --connect"
    patient.env["SEGMAIL_SMTP_URL"] = "smtp://127.0.0.1:1"
    assert "127.0.0.1:1 cannot be reached" in patient.run("doctor", "--connect", "--json").stdout
    del patient.env["SEGMAIL_SMTP_URL"]
    assert patient.run("process-emails").exit_code == 0


@case("Missing: index", "schema.schema_findings")
def an_index_that_maho_makes(patient: Patient) -> Generator[None, str, None]:
    progress = patient.shop.tables.progress
    [name] = [i.name for i in progress.indexes if next(iter(i.columns.keys())) == "scheduled_at"]
    with patient.shop.database.engine.begin() as connection:
        connection.execute(text(f"DROP INDEX {name}"))
    advice = yield
    assert advice.startswith("segmail schema apply")
    assert patient.run("schema", "apply", "--yes").exit_code == 0


@case("No shop here has the table prefix 'x_'", "schema.schema_findings")
def another_table_prefix(patient: Patient) -> Generator[None, str, None]:
    patient.options += ["--table-prefix", "x_"]
    assert (yield) == "--table-prefix could be: none."
    patient.options.clear()


@case("customer_star/sign", "segments._faults")
def a_condition_that_nobody_knows(patient: Patient) -> Generator[None, str, None]:
    patient.shop.segment("Leos", conditions_serialized=stored(*UNKNOWN), automation=False)
    assert "segment apply" in (yield)
    mended = stored("customer_attributes", "email", "a")
    patient.shop.change(patient.shop.tables.segment, {}, conditions_serialized=mended)


@case("Maho deletes", "segments._losing")
def conditions_that_maho_would_delete(patient: Patient) -> Generator[None, str, None]:
    tree = stored(*ONLY_SEGMAILS)
    patient.shop.segment("Carts", conditions_serialized=tree, refresh_mode="auto", automation=False)
    patient.paste((yield))


@case("witched off by", "shop.switch_findings", "judge._switches")
def an_automation_that_is_switched_off(patient: Patient) -> Generator[None, str, None]:
    patient.set(OWN, "0")
    patient.paste((yield))


@case("both would send", "shop.switch_findings")
def mahos_jobs_beside_segmails(patient: Patient) -> Generator[None, str, None]:
    patient.set(FLAG, "1")
    patient.paste((yield))


@case("cron_schedule has a run of it", "jobs.job_findings", "judge._switches")
def mahos_cron_that_sends(patient: Patient) -> Generator[None, str, None]:
    shop, table = patient.shop, cron_table("")
    table.create(shop.database.engine)
    patient.set(FLAG, "1")
    then = dict.fromkeys(("created_at", "scheduled_at", "executed_at"), shop.now)
    shop.insert(table, job_code=SENDS, status="success", **then)
    patient.paste((yield))


@case("has no base URL", "shop.base_url_findings")
def a_store_without_base_url(patient: Patient) -> Generator[None, str, None]:
    patient.shop.config("web/unsecure/base_url", "{{base_url}}", scope="stores", id=2)
    assert "Set web/unsecure/base_url to the shop's address" in (yield)
    where = {"path": "web/unsecure/base_url", "scope": "stores"}
    patient.shop.change(patient.shop.tables.config, where, value="https://shop.example.com/")


@case("it has no active step", "shop.step_findings")
def an_automation_without_steps(patient: Patient) -> Generator[None, str, None]:
    patient.shop.segment("Nobody's")
    patient.paste((yield).replace("Add or enable a step, or run: ", ""))


@case("cart.html, line", "shop.partial_findings")
def a_partial_with_a_mistake(patient: Patient) -> Generator[None, str, None]:
    file = patient.folder / "maho/app/etc/segmail/cart.html"
    file.parent.mkdir(parents=True)
    file.write_text("{% if %}")
    (patient.folder / "maho/app/etc/local.xml").write_text(_LOCAL_XML)
    patient.options += ["--maho-root", str(patient.folder / "maho")]
    yield
    file.unlink()


@case("is no time zone known here", "shop.time_zone_findings")
def a_time_zone_that_nobody_knows(patient: Patient) -> Generator[None, str, None]:
    path = "general/locale/timezone"
    patient.shop.config(path, "Atlantis/Capital", scope="stores", id=2)
    assert "Choose one in Maho's configuration" in (yield)
    _delete_config(patient, path)


def _move(advice: str) -> None:
    """Do what `mv THERE AWAY  (…)` says."""
    _, there, away = advice.partition("  (")[0].split()
    Path(there).rename(away)


_LOCAL_XML = """<config><global><crypt><key>0123456789abcdef0123456789abcdef</key></crypt>
<resources><default_setup><connection><username>maho</username><dbname>maho</dbname></connection>
</default_setup></resources></global></config>"""


def _delete_config(patient: Patient, path: str) -> None:
    with patient.shop.database.engine.begin() as connection:
        connection.execute(
            text("DELETE FROM core_config_data WHERE path LIKE :path"), {"path": path}
        )


@dataclass(frozen=True)
class Well:
    """A shop that nothing is wrong with, in a folder, and what is told of it."""

    folder: Path
    told: frozenset[str]


@pytest.fixture(scope="module")
def well(tmp_path_factory: pytest.TempPathFactory) -> Well:
    """What each case begins with a copy of."""
    folder = tmp_path_factory.mktemp("well")
    file = folder / "shop.sqlite"
    file.touch()
    database = Database(URL.create("sqlite", database=str(file)))
    tables = build_tables("", Layout.SHIPPED)
    tables.metadata.create_all(database.engine)
    patient = Patient(ShopBuilder(Shop(database, tables), database.url, now=NOW), folder)
    patient.set(FLAG, "0")
    patient.set(OWN, "1")
    for job in (JobName.PROCESS_EMAILS, JobName.REFRESH_SEGMENTS):
        patient.ended(job, ago=1)
    database.close()
    copied = folder.with_name(f"{folder.name} copied")
    shutil.copytree(folder, copied)
    return Well(copied, frozenset(what for what, _ in patient.looked_at()))


@pytest.fixture
def patient(well: Well, tmp_path: Path) -> Patient:
    """Well, with indexes and tables of its own that a case may spoil."""
    shutil.copytree(well.folder, tmp_path, dirs_exist_ok=True)
    database = Database(URL.create("sqlite", database=str(tmp_path / "shop.sqlite")))
    shop = Shop(database, build_tables("", Layout.SHIPPED))
    return Patient(ShopBuilder(shop, database.url, now=NOW, building=database), tmp_path)


@pytest.mark.parametrize("told", CASES, ids=lambda told: f"{told.case.__name__}: {told.said}")
def test_what_is_found_is_gone_after_the_fix_that_is_printed(
    well: Well, patient: Patient, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not [what for what in well.told if told.said in what]
    course = told.case(patient)
    next(course)
    sites = _noted_sites(monkeypatch)

    found = _about(told, patient)

    assert set().union(*(sites[what] for what, _ in found)) == set(told.sites)
    with pytest.raises(StopIteration):
        course.send(found[0][1])
    assert not _about(told, patient)


def _about(told: Told, patient: Patient) -> list[tuple[str, str]]:
    return [(what, advice) for what, advice in patient.looked_at() if told.said in what]


def _noted_sites(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str]]:
    """Note by its sentence in which function of doctor/ or judge.py each finding is made."""
    noted: defaultdict[str, set[str]] = defaultdict(set)
    make = Finding.__init__

    def make_and_note(self: Finding[Any], *given: Any, **named: Any) -> None:
        make(self, *given, **named)
        frame = sys._getframe(1)
        while frame.f_back and (
            Path(frame.f_code.co_filename) not in _FILES or frame.f_code.co_name.startswith("<")
        ):
            frame = frame.f_back
        noted[self.what].add(f"{Path(frame.f_code.co_filename).stem}.{frame.f_code.co_name}")

    monkeypatch.setattr(Finding, "__init__", make_and_note)
    return noted


_FILES = {
    *(ROOT / "segmail" / "doctor").glob("*.py"),
    ROOT / "segmail" / "status" / "judge.py",
} - {ROOT / "segmail" / "doctor" / "findings.py"}


def _sites() -> Counter[str]:
    """Return how many findings each function makes, by reading the code."""
    sites: Counter[str] = Counter()
    for file in _FILES - {ROOT / "segmail" / "doctor" / f"{name}.py" for name in BEYOND}:
        for function in ast.walk(ast.parse(file.read_text())):
            if isinstance(function, ast.FunctionDef):
                made = [one for one in ast.walk(function) if _makes_a_finding(one)]
                sites[f"{file.stem}.{function.name}"] += len(made)
    return +sites


def _makes_a_finding(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("Finding", "of_faults")
    )


def test_no_finding_is_without_a_case() -> None:
    cases = Counter(site for told in CASES for site in told.sites)
    for site, test in ELSEWHERE.items():
        file, name = test.split(".")
        assert f"def {name}" in (next((ROOT / "tests").rglob(f"{file}.py"))).read_text()
        cases[site] += 2  # as many as a function there makes

    wanting = _sites() - cases

    assert not wanting, "provoke it, and cure it by what it prints"
    assert not set(cases) - set(_sites()), "there is no such finding any more"
