"""`segmail help`: the help of a command, for people who type `help` first."""

from __future__ import annotations

from collections.abc import Sequence

import click


@click.command("help")
@click.argument("names", nargs=-1, metavar="[COMMAND]...")
@click.pass_context
def help_(ctx: click.Context, *, names: Sequence[str]) -> None:
    """Show the help of a command, or of segmail.

    \b
    Examples:
        segmail help process-emails
        segmail help sequence add
    """
    found = ctx.find_root()
    for name in names:
        group = found.command
        if not isinstance(group, click.Group):
            raise click.UsageError(f"'{found.command_path}' has no commands.", ctx)
        _name, command, _rest = group.resolve_command(found, [name])
        assert command is not None  # noqa: S101 - an unknown name has raised
        found = click.Context(command, parent=found, info_name=name)
    click.echo(found.get_help())
