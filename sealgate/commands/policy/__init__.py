"""`sealgate policy`: what an administrator does with policy files before and after they decide."""

import click

from sealgate.commands.policy.approve import approve
from sealgate.commands.policy.check import check
from sealgate.commands.policy.diff import diff
from sealgate.commands.policy.explain import explain
from sealgate.commands.policy.rollback import rollback
from sealgate.commands.policy.roster import roster
from sealgate.commands.policy.standing import history, show, status
from sealgate.commands.policy.starters import new, starters
from sealgate.commands.policy.test import test


@click.group(name="policy")
def command() -> None:
    """Check, try, explain and govern policy files."""


for one in (
    starters,
    new,
    check,
    test,
    explain,
    diff,
    status,
    history,
    show,
    rollback,
    approve,
    roster,
):
    command.add_command(one)
