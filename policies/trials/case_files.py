"""Finds and reads the golden cases of a policy: the folder `NAME.cases` beside `NAME.yaml`.

For `sealgate policy test` and for the approval of a changed policy. Promises every case with its
place, or a PolicyError that lists everything wrong with the files. Must never follow a name out
of the folder, nor read a mail larger than a mail may be.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from policies.errors import PolicyError, Problem, quoted
from policies.language.wording import problems_in
from policies.language.yamltree import MAX_BYTES, Tree, read_tree
from policies.trials.case_schema import EVERYBODY, Case, CaseFile, Known
from policies.trials.case_values import NULL_SENDER

MAIL_LIMIT = 32 * 1024 * 1024
SUFFIX = ".cases"
_WHOLE = ("mail", "file")
_IN_PARTS = ("subject", "headers", "body", "html", "attachments")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedCase:
    """A case and where it stands. `domains` are ours in it; none: the installation's."""

    file: str
    line: int
    folder: Path
    case: Case
    sender: str
    domains: tuple[str, ...]
    known: Known

    def beside(self, name: str) -> bytes:
        """Return a file that stands beside the cases. It was there when they were read."""
        return (self.folder / name).read_bytes()


def folder_of(policy: Path) -> Path:
    """Return where the cases of a policy file are kept."""
    return policy.with_name(policy.stem + SUFFIX)


def read_cases(folder: Path) -> tuple[PlacedCase, ...]:
    """Read every case of a folder, file by file. Raises PolicyError."""
    files = sorted(folder.glob("*.yaml"))
    if not files:
        mend = "put files of cases there: docs/reference/policy-cases.md says how"
        raise PolicyError((Problem(folder.name, 0, "", "no file of cases is there", mend=mend),))
    problems: list[Problem] = []
    cases: list[PlacedCase] = []
    for file in files:
        try:
            cases += _cases_in(file)
        except PolicyError as error:
            problems += error.problems
    if problems:
        raise PolicyError(tuple(problems))
    return tuple(cases)


def _cases_in(path: Path) -> list[PlacedCase]:
    name = f"{path.parent.name}/{path.name}"
    try:
        with path.open("rb") as stream:
            tree = read_tree(stream.read(MAX_BYTES + 1), name)
    except OSError as error:
        found = f"the file cannot be read: {error.strerror or type(error).__name__}"
        raise PolicyError((Problem(name, 0, "", found),)) from error
    if not isinstance(tree.data, dict):
        found = "the file does not hold keys and values"
        raise PolicyError((Problem(name, 1, "", found, allowed="domains, from, known, cases"),))
    try:
        parsed = CaseFile.model_validate(tree.data)
    except ValidationError as error:
        raise PolicyError(tuple(problems_in(error, tree, name, CaseFile))) from error
    problems = [*_problems(parsed, tree, path.parent, name)]
    if problems:
        raise PolicyError(tuple(problems))
    return [
        PlacedCase(
            file=name,
            line=tree.line(("cases", number, "name")),
            folder=path.parent,
            case=case,
            sender=case.from_ or parsed.from_ or NULL_SENDER,
            domains=tuple(parsed.domains or ()),
            known=case.known if "known" in case.model_fields_set else parsed.known,
        )
        for number, case in enumerate(parsed.cases)
    ]


def _problems(parsed: CaseFile, tree: Tree, folder: Path, name: str) -> Iterator[Problem]:
    taken: dict[str, int] = {}
    for number, case in enumerate(parsed.cases):
        at = ("cases", number)
        line = tree.line((*at, "name"))
        if case.name in taken:
            found = f"the name is taken by the case on line {taken[case.name]}"
            yield Problem(name, line, "", found, mend="give each case its own name")
        taken.setdefault(case.name, line)
        if not (case.from_ or parsed.from_):
            mend = "write 'from:' once at the top of the file"
            yield Problem(name, line, "", "the case has no sender", mend=mend)
        for path, found, allowed in (*_mail_problems(case), *_expect_problems(case)):
            yield Problem(name, tree.line((*at, *path)), "", found, allowed)
        for path, file in _files(case):
            if found := _unusable(folder / file):
                said = f"the file {quoted(file)} {found}"
                yield Problem(name, tree.line((*at, *path)), "", said, "a file beside the cases")


def _mail_problems(case: Case) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    written = case.model_fields_set
    whole = [key for key in _WHOLE if key in written]
    parts = [key for key in _IN_PARTS if key in written]
    if len(whole) > 1 or (whole and parts):
        found = f"{quoted(whole[0])} is the whole mail, and {quoted((whole[1:] + parts)[0])} stands"
        yield (whole[0],), f"{found} beside it", "one of the two"
    if not whole and not parts:
        yield ("name",), "the case has no mail", ", ".join((*_IN_PARTS, *_WHOLE))
    for number, attached in enumerate(case.attachments):
        if (attached.file is None) == (attached.text is None):
            found = "an attachment is either a file or a text"
            yield ("attachments", number), found, "file, text"


def _expect_problems(case: Case) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    if EVERYBODY in case.expect:
        return
    for recipient in case.to:
        if recipient not in case.expect:
            found = f"nothing is expected for {quoted(recipient)}"
            yield ("expect",), found, "an outcome for every recipient"
    for recipient in case.expect:
        if recipient not in case.to:
            yield ("expect", recipient), f"{quoted(recipient)} is no recipient", ", ".join(case.to)


def _files(case: Case) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if case.file:
        yield ("file",), case.file
    for number, attached in enumerate(case.attachments):
        if attached.file:
            yield ("attachments", number, "file"), attached.file


def _unusable(path: Path) -> str:
    try:
        with path.open("rb"):
            return "is larger than a mail may be" if path.stat().st_size > MAIL_LIMIT else ""
    except OSError:
        return "is not there, or cannot be read"
