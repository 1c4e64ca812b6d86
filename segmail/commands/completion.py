"""`segmail completion`: the script with which a shell completes commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, *, shell: str) -> None:
    """Print the script with which a shell completes commands and options.

    \b
    Examples:
        segmail completion bash > /etc/bash_completion.d/segmail
        segmail completion zsh > ~/.zfunc/_segmail
        segmail completion fish > ~/.config/fish/completions/segmail.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - Click has these three
    click.echo(kind(ctx.find_root().command, {}, "segmail", "_SEGMAIL_COMPLETE").source())
