"""`sealgate policy check`: what is wrong with a policy file."""

from pathlib import Path

import click

from sealgate.commands.policy import files


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def check(file: Path) -> None:
    """Check a policy FILE. Every problem is told with its line, its rule and what is allowed."""
    policy = files.load(file)
    click.echo(f"{file}: good. {len(policy.rules)} rules, policy {policy.digest[:12]}.")
