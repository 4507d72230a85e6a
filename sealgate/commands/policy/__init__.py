"""`sealgate policy`: what an administrator does with policy files before and after they decide."""

import click

from sealgate.commands.policy.check import check
from sealgate.commands.policy.explain import explain
from sealgate.commands.policy.test import test


@click.group(name="policy")
def command() -> None:
    """Check, try and explain policy files."""


for one in (check, test, explain):
    command.add_command(one)
