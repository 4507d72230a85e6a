"""That somebody is who they say: a person's own password, where it takes two.

Promises that a password is asked for without being shown, and is on no command line.
"""

import sys

import click

from sealgate.node import end
from vault.address import Address
from vault.people import users
from vault.secrets import Secret
from vault.storage.store import Store

as_option = click.option(
    "--as", "name", help="Your address as a user of this node, where two are needed."
)
password_option = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input."
)


def proved(store: Store, name: str | None, password_stdin: bool, what: str) -> Address:
    """Return the address of somebody who has typed their password, or end the command."""
    if name is None:
        end(f"It takes two people to {what} here: name yourself with --as ADDRESS.")
    password = (
        sys.stdin.readline().rstrip("\r\n")
        if password_stdin
        else click.prompt("Password", hide_input=True)
    )
    user = users.verify(store, name, Secret(password.encode()))
    if user is None:
        end(f"That is not the password of {name}.")
    return user.address
