"""`sealgate policy check`: what is wrong with policy files, and what deserves a second look."""

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from policies.errors import PolicyError, Problem
from policies.language import loader
from policies.language.advice import advice
from sealgate.commands.policy import files


@dataclass(frozen=True, slots=True)
class Checked:
    """One file: its digest, empty if it cannot be used, and what was found."""

    file: Path
    digest: str
    rules: int
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


@click.command(short_help="Find mistakes in policy files.")
@click.argument("policies", nargs=-1, metavar="[FILE|STARTER]...")
@click.option("--strict", is_flag=True, help="Warnings end the command with 1 as well.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@files.settings_option
def check(policies: tuple[str, ...], strict: bool, as_json: bool, config: Path | None) -> None:
    """Check policy files; without FILE, the policy of this installation.

    Errors keep a policy from being used: a key or word that does not exist, a rule that can never
    fire or never matters, a name that leads nowhere. Warnings deserve a second look: a list that no
    rule names, a rule that changes nothing, a condition written twice. Each is told with its file,
    its line, its rule and what is allowed. Ends with 1 if a file has errors.
    """
    paths = [files.find(name) for name in policies]
    if not paths:
        paths = [files.file_in_force(files.installed(config))]
    results = [_check(path) for path in paths]
    if as_json:
        click.echo(json.dumps([_plain(result) for result in results], indent=2))
    else:
        for result in results:
            _tell(result)
    bad = any(result.errors or (strict and result.warnings) for result in results)
    sys.exit(1 if bad else 0)


def _check(path: Path) -> Checked:
    try:
        source = loader.read(path)
        policy = loader.compiled(source)
    except PolicyError as error:
        return Checked(path, "", 0, error.problems, ())
    return Checked(path, policy.digest, len(policy.rules), (), advice(source))


def _tell(result: Checked) -> None:
    for problem in result.errors:
        click.echo(str(problem), err=True)
    for problem in result.warnings:
        click.echo(f"warning: {problem}", err=True)
    if not result.errors:
        warned = f", {_count(len(result.warnings), 'warning')}" if result.warnings else ""
        rules = _count(result.rules, "rule")
        click.echo(f"{result.file}: good. {rules}, policy {result.digest[:12]}{warned}.")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _plain(result: Checked) -> dict[str, object]:
    return {
        "file": str(result.file),
        "digest": result.digest,
        "errors": _problems(result.errors),
        "warnings": _problems(result.warnings),
    }


def _problems(problems: Iterable[Problem]) -> list[dict[str, object]]:
    return [asdict(problem) for problem in problems]
