"""`sealgate policy starters` and `new`: the policies that come with Sealgate, and a copy of one."""

import shutil
import sys
from pathlib import Path

import click

from policies.language import loader

CASES = ".cases"


@click.command(short_help="Name the policies that come with Sealgate.")
def starters() -> None:
    """Name the policies that come with Sealgate, each with the first line of its explanation."""
    found = _starters()
    width = max(map(len, found))
    for name, path in found.items():
        with path.open(encoding="utf-8") as text:
            click.echo(f"{name:{width}}  {next(text).removeprefix('#').strip()}")
    click.echo("\nsealgate policy new NAME copies one, with its golden cases.")


@click.command(short_help="Copy a starter to begin a policy of your own.")
@click.argument("starter")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), default="policy.yaml")
def new(starter: str, file: Path) -> None:
    """Copy STARTER to FILE, and its golden cases to the folder beside it.

    Nothing that exists is overwritten.
    """
    source = _starters().get(starter)
    if source is None:
        names = ", ".join(_starters())
        raise click.BadParameter(f"there is no starter {starter!r}; there are: {names}")
    for path in (file, file.with_suffix(CASES)):
        if path.exists():
            click.echo(f"sealgate: {path} exists. Choose another name, or move it away.", err=True)
            sys.exit(1)
    if not file.absolute().parent.is_dir():
        click.echo(f"sealgate: there is no folder {file.parent}. Make it first.", err=True)
        sys.exit(1)
    try:
        shutil.copyfile(source, file)
        shutil.copytree(source.with_suffix(CASES), file.with_suffix(CASES))
    except OSError as error:
        click.echo(f"sealgate: {file} cannot be written: {error.strerror}", err=True)
        sys.exit(1)
    click.echo(f"Wrote {file} and its golden cases in {file.with_suffix(CASES)}/.")
    click.echo("Next: read it, change what differs, and run: sealgate policy check " + str(file))


def _starters() -> dict[str, Path]:
    """Return the starters by name, in alphabetical order."""
    return {path.stem: path for path in sorted(loader.STARTER.glob("*.yaml"))}
