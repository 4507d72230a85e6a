"""`sealgate audit`: proves the audit trail, and hands it on.

Promises that checking changes nothing, and that what is wrong ends with 1.
"""

import itertools
import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import click

from sealgate.commands import audit_rotate
from sealgate.commands.options import config_option
from sealgate.node import end, opened
from sealgate.trail import formats as audit_formats
from vault.keys import signing
from vault.keys.signing import VerifyingKey
from vault.trail import heads, lines, verifying
from vault.trail.audit import Act
from vault.trail.lines import Line, Wanted
from vault.trail.signed import Kept
from vault.trail.verifying import Verdict

STEP = 100_000  # lines between two words of progress


@click.group(name="audit")
def command() -> None:
    """Prove the audit trail, and hand it on."""


@command.command()
@click.option(
    "--key", "key_files", multiple=True, type=click.Path(path_type=Path),
    help="A public key to trust, audit.public. Repeatable. Without it: the node's own. Keys that "
    "were named in its place are trusted from there on.",
)  # fmt: skip
@click.option(
    "--heads", "heads_file", type=click.Path(path_type=Path),
    help="Heads that were kept elsewhere: what a witness was told, a JSON object a line.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="The verdict as one JSON object.")
@config_option
def verify(
    key_files: tuple[Path, ...], heads_file: Path | None, as_json: bool, config: Path
) -> None:
    """Check every line of the audit trail against the heads that were signed over it.

    Ends with 1 if anything was changed, taken out, put in, put elsewhere or cut off.
    """
    with opened(config, "audit") as (node, store):
        given = [signing.load_public(one) for one in key_files]
        trusted = given or signing.publics(node.keys_folder)
        signers = () if given else signing.held(node.keys_folder)
        kept = _kept(heads_file, heads.announced(store, trusted)) if heads_file else []
        begun = time.monotonic()
        told = _progress("read")
        verdict = verifying.verify(store, trusted, kept=kept, signers=signers, progress=told)
        seconds = time.monotonic() - begun
    if as_json:
        click.echo(json.dumps(_facts(verdict, seconds)))
    else:
        _tell(verdict, seconds, len(kept))
    sys.exit(0 if verdict.is_sound else 1)


@command.command()
@click.option(
    "--format", "form", type=click.Choice(["json", "csv", "cef"]), default="json",
    show_default=True,
    help="json holds everything and can be verified elsewhere; csv is for spreadsheets, cef for "
    "security monitoring.",
)  # fmt: skip
@click.option("--since", help="Lines since a day or a moment: 2026-11-02, 2026-11-02T09:00+00:00.")
@click.option("--package", "package_id", help="Lines of one package: its id.")
@click.option("--act", type=click.Choice([one.value for one in Act]), help="Lines of one act.")
@click.option(
    "--output", type=click.File("w", encoding="utf-8", atomic=True), default="-",
    help="A file; without it, standard output.",
)  # fmt: skip
@config_option
def export(
    form: str,
    since: str | None,
    package_id: str | None,
    act: str | None,
    output: IO[str],
    config: Path,
) -> None:
    """Write the audit trail for another program. Only json without a choice can be verified."""
    wanted = Wanted(_moment(since), package_id, act)
    with opened(config, "audit") as (_, store):
        # Heads first: every line that they speak of is then among those that are read after them.
        signed = heads.since(store, 0) if wanted.is_everything else ()
        found = _counted(lines.told(store, wanted))
        for text in _written(form, found, signed, whole=wanted.is_everything):
            output.write(f"{text}\n")


@command.command(name="heads")
@click.option("--since", type=int, default=0, help="Only heads after this number.")
@config_option
def list_heads(since: int, config: Path) -> None:
    """Write the heads as witnesses are told them: a JSON object a line."""
    with opened(config, "audit") as (_, store):
        for head in heads.since(store, since):
            click.echo(json.dumps(head.told()))


@command.command()
@config_option
def sign(config: Path) -> None:
    """Sign a head over everything written so far, now. A node that runs does so by itself."""
    with opened(config, "audit") as (node, store):
        head = heads.make(store, signing.load(node.keys_folder, node.keys, heads.signer(store)))
    if head is None:
        click.echo("Nothing has been written since the last head.")
    else:
        click.echo(f"Head {head.number} is signed over {head.lines} lines: {head.hash.hex()}")


command.add_command(audit_rotate.command)


def _written(
    form: str, found: Iterable[Line], signed: Iterable[heads.Head], *, whole: bool
) -> Iterator[str]:
    if form == "csv":
        return audit_formats.as_csv(found)
    if form == "cef":
        return audit_formats.as_cef(found)
    return audit_formats.as_json(found, signed, whole=whole)


def _counted(found: Iterable[Line]) -> Iterator[Line]:
    told = _progress("written")
    for count, line in enumerate(found, 1):
        yield line
        if count % STEP == 0:
            told(count)


def _progress(done: str) -> verifying.Progress:
    """Say on standard error how far it is, on a terminal."""
    steps = itertools.count(STEP, STEP)
    due = [next(steps)]

    def tell(count: int) -> None:
        while count >= due[0]:
            if sys.stderr.isatty():
                click.echo(f"{due[0]:,} lines {done}", err=True)
            due[0] = next(steps)

    return tell


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(
            f"--since: {text!r} is not a day or a moment, such as 2026-11-02T09:00+00:00"
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _kept(file: Path, keys: Mapping[str, VerifyingKey]) -> list[Kept]:
    """Read heads that were kept elsewhere; what else stands on a line before the JSON is skipped.

    So a syslog server's file can be read as it is.
    """
    found = []
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        end(f"{file} cannot be read: {error.strerror}")
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            told = json.loads(line[line.index('{"head":') :])
            head = heads.Head(
                number=int(told["head"]),
                at=datetime.fromisoformat(told["at"]),
                lines=int(told["lines"]),
                body="",
                hash=bytes.fromhex(told["hash"]),
                key_id=str(told["key"]),
                signature=bytes.fromhex(told["signature"]),
            )
        except (KeyError, TypeError, ValueError):
            end(f"{file}, line {number}: this is not a head")
        key = keys.get(head.key_id)
        if key is None or not head.is_signed(key):
            end(f"{file}, line {number}: the key given did not sign this head")
        found.append(Kept(head.number, head.hash))
    return found


def _facts(verdict: Verdict, seconds: float) -> dict[str, object]:
    until = verdict.signed_until
    return {
        "sound": verdict.is_sound,
        "lines": verdict.lines,
        "strands": verdict.strands,
        "heads": verdict.heads,
        "unsigned": verdict.unsigned,
        "signed_until": until.isoformat() if until else None,
        "findings": verdict.findings.count,
        "told": verdict.findings.told,
        "seconds": round(seconds, 3),
    }


def _tell(verdict: Verdict, seconds: float, kept: int) -> None:
    for sentence in verdict.findings.told:
        click.echo(f"{sentence}.")
    if hidden := verdict.findings.count - len(verdict.findings.told):
        click.echo(f"And {hidden} more.")
    rate = f", {verdict.lines / seconds:,.0f} a second" if verdict.lines > STEP else ""
    click.echo(
        f"{verdict.lines:,} lines in {verdict.strands:,} strands, {verdict.heads:,} heads{rate}."
    )
    if verdict.unsigned:
        click.echo(f"{verdict.unsigned:,} lines are newer than the newest head.")
    if kept:
        click.echo(f"{kept:,} heads kept elsewhere were compared.")
    else:
        click.echo(
            "No heads kept elsewhere were given (--heads): lines and heads that were cut off the "
            "end together cannot be missed."
        )
    click.echo(_in_a_word(verdict))


def _in_a_word(verdict: Verdict) -> str:
    if verdict.is_sound:
        return "Nothing is wrong."
    if verdict.is_only_unsigned:
        return (
            "THE TRAIL IS NOT SIGNED. A node that runs signs it every minute, `sealgate audit "
            "sign` at once. If it has been signed before, its heads were taken out."
        )
    return "THE TRAIL IS NOT WHAT WAS WRITTEN."
