"""The `segmail` program: its commands, its global options, its error boundary."""

from __future__ import annotations

import difflib
import gc
import importlib
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from segmail import __version__
from segmail.commands.given_values import check_arguments, check_values
from segmail.commands.parameter_types import absolute_time
from segmail.errors import ConfigError, SegmailError
from segmail.printable import without_secrets
from segmail.terminal import OutputLost, safe_streams

# The help of each command is repeated here, so that `segmail --help` imports none of them.
COMMANDS: dict[str, dict[str, tuple[str, str]]] = {
    "Jobs": {
        "process-emails": (
            "process_emails:process_emails",
            "Send every sequence step that is due.",
        ),
        "refresh-segments": (
            "refresh_segments:refresh_segments",
            "Find out who entered and left the segments, and schedule their steps.",
        ),
        "cleanup-progress": (
            "cleanup_progress:cleanup_progress",
            "Delete old finished progress records.",
        ),
        "cleanup-coupons": (
            "cleanup_coupons:cleanup_coupons",
            "Delete expired, unused automation coupons.",
        ),
        "report": (
            "report:report",
            "Report what was sent, failed and is scheduled, and what it brought in.",
        ),
    },
    "Sequences": {
        "sequence": ("sequence:sequence", "Set up the steps that a segment's customers receive."),
        "template": ("template:template", "Show, check and render newsletter templates."),
        "preview": (
            "preview:preview",
            "Show the mail of one step as its customers would get it.",
        ),
    },
    "Campaigns": {
        "campaign": (
            "campaign:campaign",
            "Keep campaigns as files: templates, sales rules, segments and their steps.",
        ),
        "recipe": (
            "recipe:recipe",
            "Start from campaigns that come with segmail: carts, welcome, win-back, birthdays, "
            "and more.",
        ),
        "simulate": (
            "simulate:simulate",
            "Play the next days on a copy of the shop: who would get what, when, and why not.",
        ),
    },
    "Segments": {
        "segment": (
            "segment:segment",
            "List and explain segments, and switch their automation on or off.",
        ),
    },
    "Operations": {
        "status": (
            "status:status",
            "Show how the automation stands: switches, backlog, jobs, segments.",
        ),
        "history": ("history:history", "Show what became of each step, newest first."),
        "why": ("why:why", "Say why a customer did, did not or will receive a step's mail."),
        "retry": ("retry:retry", "Schedule failed steps again."),
        "doctor": (
            "doctor:doctor",
            "Say what is wrong with the shop's automation, and what to do.",
        ),
        "recover": (
            "recover:recover",
            "Settle as sent what this host sent and a restored database forgot.",
        ),
        "take-over": (
            "take_over:take_over",
            "Switch Maho's own automation jobs off, so that segmail alone does them.",
        ),
        "config": ("config:config", "Show the effective settings and who set them, or check them."),
        "schema": (
            "schema:schema",
            "Check or create the tables, columns and indexes that segmail needs.",
        ),
        "completion": (
            "completion:completion",
            "Print the script with which a shell completes commands and options.",
        ),
        "help": ("help:help_", "Show the help of a command, or of segmail."),
        "demo": ("demo:demo", "Build a small shop, run the jobs on it and show what happened."),
    },
}


INTERRUPTED = 130  # as shells report a program that Ctrl-C ended


class Program(click.Group):
    """A group that imports a command when it is called, and lists them by section."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Check all arguments, including those of commands, before reading them."""
        check_arguments(args)
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for section in COMMANDS.values() for name in section]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for section in COMMANDS.values():
            if cmd_name in section:
                module, name = section[cmd_name][0].split(":")
                with uncollected():
                    imported = importlib.import_module(f"segmail.commands.{module}")
                command: click.Command = getattr(imported, name)
                return check_values(command)
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Do as Click does, but suggest all commands: Click only suggests those it has loaded."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = difflib.get_close_matches(args[0], self.list_commands(ctx), n=2)
            if not near:
                raise
            names = " or ".join(f"'{name}'" for name in near)
            raise click.UsageError(f"{error.message} Did you mean {names}?", ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, section in COMMANDS.items():
            with formatter.section(title):
                formatter.write_dl([(name, help_) for name, (_, help_) in section.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; an error that a user can fix is printed plainly, with its exit code."""
        try:
            return super().invoke(ctx)
        except SegmailError as error:
            secrets: tuple[str, ...] = ()
            if ctx.obj is not None:
                secrets, error = ctx.obj.settings.secrets(), ctx.obj.with_every_right(error)
            text = without_secrets(str(error), secrets)
            _log_end(ctx, text, error.exit_code)
            click.echo(f"Error: {text}", err=True)
            ctx.exit(error.exit_code)
        except (KeyboardInterrupt, click.Abort) as error:
            declined = isinstance(error, click.Abort)
            if declined and not isinstance(error.__context__, KeyboardInterrupt):
                raise  # somebody answered no
            click.echo("Interrupted.", err=True)
            ctx.exit(INTERRUPTED)
        except click.NoSuchOption as error:
            if error.option_name not in {name for param in self.params for name in param.opts}:
                raise
            command = error.ctx.info_name if error.ctx else "COMMAND"
            raise click.UsageError(
                f"{error.option_name} is a global option: give it before the command, as in "
                f"`segmail {error.option_name} … {command}`.",
                error.ctx,
            ) from None

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the program with streams that show printable text only (see `segmail.terminal`)."""
        try:
            with safe_streams():
                return super().main(*args, **extra)
        except OutputLost as error:
            with suppress(OSError):
                click.echo(f"Error: {error}", err=True)
            sys.exit(error.exit_code)


def _log_end(ctx: click.Context, reason: str, code: int) -> None:
    """Log why a job ended as it did, even if the settings are to blame."""
    from segmail.log import log_end

    name = ctx.invoked_subcommand or ""
    if name in COMMANDS["Jobs"]:
        log_end(name, code, reason)


@click.command(cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--maho-root",
    metavar="DIR",
    envvar="SEGMAIL_MAHO_ROOT",
    help="The Maho installation; its app/etc/local.xml names the database.",
)
@click.option(
    "--database-url",
    metavar="URL",
    envvar="SEGMAIL_DATABASE_URL",
    help="The shop's database, instead of Maho's own configuration.",
)
@click.option(
    "--table-prefix",
    metavar="TEXT",
    envvar="SEGMAIL_TABLE_PREFIX",
    help="The prefix of every table name.",
)
@click.option(
    "--config",
    metavar="FILE",
    envvar="SEGMAIL_CONFIG",
    help="segmail.toml; by default Maho's app/etc/segmail.toml, without a shop ./segmail.toml.",
)
@click.option(
    "--state-dir",
    metavar="DIR",
    envvar="SEGMAIL_STATE_DIR",
    help="The folder of the journal; by default Maho's var/segmail.",
)
@click.option(
    "--log-file",
    metavar="FILE",
    envvar="SEGMAIL_LOG_FILE",
    help="The log file; by default Maho's var/log/customer_segmentation.log, else stderr.",
)
@click.option(
    "--log-format",
    type=click.Choice(["text", "tagged", "json"]),
    default="text",
    show_default=True,
    envvar="SEGMAIL_LOG_FORMAT",
    help=(
        "The log's format: lines as in the specification, the same with the run's id at the end, "
        "or JSON objects."
    ),
)
@click.option(
    "--now",
    type=absolute_time,
    metavar="TIME",
    envvar="SEGMAIL_NOW",
    help="Start the clock at this UTC time; for tests and demos.",
)
@click.option("-v", "--verbose", count=True, help="Print more; twice: everything.")
@click.option("-q", "--quiet", count=True, help="Print only errors.")
@click.version_option(__version__, prog_name="segmail")
@click.pass_context
def program(
    ctx: click.Context,
    /,
    *,
    now: datetime | None,
    log_format: str,
    verbose: int,
    quiet: int,
    **given: Any,
) -> None:
    """Send the customer-segment e-mail sequences of a Maho shop.

    Runs from cron, straight on the shop's database. Exit codes: 0 done, 1 some steps failed,
    2 wrong usage, 70 a bug, 75 database or mail server out of reach, 78 configuration wrong,
    130 interrupted.
    """
    from segmail.app import App
    from segmail.clock import Clock
    from segmail.log import LogFormat, LoggedRun, set_up_logging
    from segmail.once_a_day import log_once_a_day
    from segmail.settings import load_settings, usual_log_file
    from segmail.shop_owner import become_owner

    clock = Clock(now)
    run, form = LoggedRun(ctx.invoked_subcommand or ""), LogFormat(log_format)
    try:
        settings = load_settings(given, os.environ)
    except ConfigError:
        if (log_file := usual_log_file(given)) and log_file.parent.is_dir():
            set_up_logging(log_file, verbosity=verbose - quiet, clock=clock, run=run, form=form)
        raise
    if settings.maho_root is not None:
        become_owner(settings.maho_root, _own_files())
    set_up_logging(
        settings.log_file,
        verbosity=verbose - quiet,
        clock=clock,
        secrets=settings.secrets(),
        run=run,
        form=form,
    )
    ctx.obj = app = App(settings, clock, run.id)
    ctx.call_on_close(app.close)
    if settings.not_upgraded and ctx.invoked_subcommand in COMMANDS["Jobs"]:
        line = f"Still running the old version: {settings.not_upgraded}"
        log_once_a_day(line, settings.state_dir, "not-upgraded", now=clock.now())
    ctx.call_on_close(logging.shutdown)


check_values(program)


@contextmanager
def uncollected() -> Iterator[None]:
    """Let what is made meanwhile not be looked through as garbage, again and again: it stays."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _own_files() -> list[Path]:
    """Return files of the program and its packages, all of which are loaded when first needed."""
    return [Path(file) for file in (__file__, os.__file__, click.__file__)]


def main() -> None:
    """Run the program; anything that is not a `SegmailError` is a bug and ends with 70."""
    try:
        with safe_streams():
            _run()
    except OutputLost as error:
        with suppress(OSError):
            click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)


def _run() -> None:
    try:
        program(prog_name="segmail")
    except OutputLost:
        raise
    except Exception as error:
        logging.getLogger("segmail.exceptions").error("A bug in segmail", exc_info=error)
        click.echo(
            f"Error: a bug in segmail: {type(error).__name__}. "
            "The traceback is in exception.log beside the log file; -v shows it here.",
            err=True,
        )
        if "-v" in sys.argv or "--verbose" in sys.argv:
            logging.getLogger("segmail").error("Traceback:", exc_info=error)
        sys.exit(70)
