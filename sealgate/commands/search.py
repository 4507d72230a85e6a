"""`sealgate search`: which sealed messages have to do with a person.

Promises that no subject and no content is looked at or shown, and that the search is on record.
"""

import json
from pathlib import Path

import click

from sealgate import bars
from sealgate.commands.options import config_option
from sealgate.node import account, end, opened
from vault.address import Address
from vault.errors import AddressError
from vault.packages import searching
from vault.packages.searching import Found


@click.command(name="search")
@click.option("--person", required=True, metavar="ADDRESS", help="Whom to look for.")
@click.option("--reason", required=True, help="Why; it goes on record.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@config_option
def command(person: str, reason: str, as_json: bool, config: Path) -> None:
    """List the messages that a person sent, was given access to, asked for, or did anything with.

    Only addresses and the record are searched, never subjects or content. To read what was found
    takes two people: `sealgate disclosure`.
    """
    try:
        whom = Address.parse(person)
    except AddressError as error:
        end(f"{person}: {error}.")
    many = 0
    with (
        opened(config, "search") as (_, store),
        bars.counting("Searching", searching.count(store)) as told,
    ):
        for one in searching.find(store, whom, account(), reason, told):
            click.echo(json.dumps(_facts(one)) if as_json else _line(one))
            many += 1
    if not as_json:
        click.echo(f"{many} messages have to do with {whom}. The search is on record.")


def _line(one: Found) -> str:
    left = "destroyed" if one.destroyed else "second lock" if one.locked else "can be opened"
    parts = ", ".join(one.parts)
    day = one.sealed_at.date().isoformat()
    return f"{one.reference}  {day}  {left:<13}  from {one.author}: {parts}"


def _facts(one: Found) -> dict[str, object]:
    return {
        "reference": one.reference,
        "package_id": one.package_id,
        "sealed_at": one.sealed_at.isoformat(),
        "author": one.author,
        "size": one.size,
        "destroyed": one.destroyed,
        "second_lock": one.locked,
        "person": [part.name.lower() for part in one.parts],
    }
