"""`sealgate policy status`, `history` and `show`: what is in force, what was, and what waits."""

import json
import sys
from pathlib import Path

import click

from policies.errors import PolicyError
from policies.language import loader
from sealgate.commands.options import config_option
from sealgate.commands.policy.version import find, short, when
from sealgate.node import opened
from sealgate.settings import Settings
from vault import rulebook
from vault.rulebook import PolicyAct, PolicyActKind
from vault.storage.store import Store

_ACTS = {
    PolicyActKind.ACTIVATED: "in force",
    PolicyActKind.PROPOSED: "waits",
    PolicyActKind.APPROVED: "approved",
    PolicyActKind.REFUSED: "unusable",
}


@click.command(short_help="Say what is in force, and what waits or cannot be used.")
@config_option
def status(config: Path) -> None:
    """Say which policy is in force and how the policy file stands.

    Ends with 1 if the file is not what is in force.
    """
    with opened(config, "policy", begun=True) as (chosen, store):
        with store.reading() as tx:
            in_force = rulebook.in_force(tx)
            lines = rulebook.history(tx, limit=1000)
        since = next((one for one in lines if one.act is PolicyActKind.ACTIVATED), None)
        if since is None or in_force is None:
            click.echo("No policy has been in force yet; the node has not been started.")
        else:
            click.echo(f"In force: {short(in_force)}, since {when(since.at)}.")
        sys.exit(_tell_file(chosen, store, in_force))


def _tell_file(chosen: Settings, store: Store, in_force: str | None) -> int:
    file = chosen.policy.file
    try:
        source = loader.read(file)
    except PolicyError as error:
        click.echo(f"{file} cannot be used, and changes nothing:")
        for problem in error.problems:
            click.echo(f"  {problem}")
        if in_force is not None:
            back = f"sealgate policy rollback {short(in_force)}"
            click.echo(
                f"A node cannot start with it. Mend it, or bring back what is in force: {back}"
            )
        return 1
    if source.digest == in_force:
        click.echo(f"{file} is what is in force.")
        return 0
    digest = short(source.digest)
    with store.reading() as tx:
        proposal = rulebook.proposal(tx, source.digest)
    if proposal is None:
        click.echo(f"{file} is {digest}, which a running node takes up within seconds.")
        return 1
    click.echo(f"{file} is {digest}, saved by {proposal.by or 'somebody'}, and waits because:")
    for reason in proposal.why:
        click.echo(f"  {reason}")
    click.echo(f"Another person may approve it: sealgate policy approve {digest} --as ADDRESS")
    return 1


@click.command(short_help="List the policies that were in force.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@config_option
def history(as_json: bool, config: Path) -> None:
    """List what happened to the policy, newest first: what, when, by whom."""
    with opened(config, "policy", begun=True) as (_, store), store.reading() as tx:
        lines = rulebook.history(tx)
    if as_json:
        click.echo(json.dumps([_plain(one) for one in lines], indent=2))
        return
    for one in lines:
        by = f" by {one.by}" if one.by else ""
        act = _ACTS[one.act]
        click.echo(f"{when(one.at)}  {short(one.digest)}  {act:<8}{by}")
        for reason in one.why:
            click.echo(f"{'':34}{reason}")


@click.command(short_help="Show a policy that was in force.")
@click.argument("digest")
@click.option("--lists", is_flag=True, help="Its lists as well.")
@config_option
def show(digest: str, lists: bool, config: Path) -> None:
    """Show the text of the policy whose digest begins with DIGEST, as it decided."""
    with opened(config, "policy", begun=True) as (_, store):
        kept = find(store, digest)
    click.echo(kept.content.decode(), nl=False)
    if lists:
        for name, text in kept.lists.items():
            click.echo(f"\n# --- {name}")
            click.echo(text.decode(), nl=False)


def _plain(one: PolicyAct) -> dict[str, object]:
    return {
        "at": one.at.isoformat(),
        "act": str(one.act),
        "digest": one.digest,
        "previous": one.previous,
        "by": one.by,
        "why": list(one.why),
    }
