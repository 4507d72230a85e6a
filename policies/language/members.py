"""Named lists and groups: personal webmail domains, generic mailboxes, approved addresses.

Entries come from the policy file, from a text file beside it, or from the lists that come with
Sealgate (`policies/lists/`). Promises label-wise comparison of domains and one spelling for
mailboxes (`Head.Teacher+x` is `headteacher`). Must never follow a path out of those two folders.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from policies.errors import Problem, quoted
from policies.settings import domain_entry
from vault.address import Address
from vault.errors import AddressError

SHIPPED = Path(__file__).parents[1] / "lists"
MAX_FILE_BYTES = 1024 * 1024
MAX_PROBLEMS = 20
MOST_ANSWERS = 1000  # about addresses, kept for the next rule or mail that asks

_MAILBOX = re.compile(r"(?=.*[A-Za-z0-9])[A-Za-z0-9._'-]{1,64}")
_MAILBOXES = re.compile(r"(?=.*[A-Za-z0-9]{2})\*?[A-Za-z0-9._'-]{3,62}\*?")
_SEPARATORS = r"[._'-]"
_KIND = re.compile(r"^# Kind: (domains|mailboxes|addresses)$", re.MULTILINE)
_FIRST_LABEL = re.compile(r"[a-z0-9-]{1,63}\.")
_FAMILY = re.compile(r"[a-z0-9-]{1,63}\.\*")
# yahoo.com, yahoo.fr, yahoo.co.uk; not yahoo.example.org
_COUNTRY_FORM = re.compile(r"[^.]+\.([^.]+|[a-z]{2,3}\.[a-z]{2})")


@dataclass(slots=True)
class MemberList:
    """The entries of one list; `address in members` asks it. Broken: some could not be read."""

    name: str
    exact_domains: set[str] = field(default_factory=set)
    parent_domains: set[str] = field(default_factory=set)
    domain_families: set[str] = field(default_factory=set)
    first_labels: set[str] = field(default_factory=set)
    mailboxes: set[str] = field(default_factory=set)
    mailbox_patterns: dict[str, re.Pattern[str]] = field(default_factory=dict)
    addresses: set[str] = field(default_factory=set)
    broken: bool = False
    _answers: dict[Address, bool] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __contains__(self, address: Address) -> bool:
        # Many rules ask about the same few recipients.
        if (known := self._answers.get(address)) is not None:
            return known
        if len(self._answers) >= MOST_ANSWERS:
            self._answers.clear()
        answer = self._answers[address] = self._holds(address)
        return answer

    def _holds(self, address: Address) -> bool:
        return (
            address.domain in self.exact_domains
            or bool(self.mailboxes and mailbox_name(address.local) in self.mailboxes)
            or bool(self.addresses and address.folded() in self.addresses)
            or self._has_family_or_parent_of(address.domain)
            or self._has_pattern_of(address.local)
        )

    def __len__(self) -> int:
        domains = (self.exact_domains, self.parent_domains, self.domain_families, self.first_labels)
        return sum(map(len, (*domains, self.mailboxes, self.mailbox_patterns, self.addresses)))

    def include(self, other: "MemberList") -> None:
        """Add every entry of another list."""
        self._answers.clear()
        self.exact_domains |= other.exact_domains
        self.parent_domains |= other.parent_domains
        self.domain_families |= other.domain_families
        self.first_labels |= other.first_labels
        self.mailboxes |= other.mailboxes
        self.mailbox_patterns |= other.mailbox_patterns
        self.addresses |= other.addresses
        self.broken = self.broken or other.broken

    def _has_pattern_of(self, local: str) -> bool:
        if not self.mailbox_patterns:
            return False
        name = local.split("+", 1)[0].lower()
        return any(pattern.fullmatch(name) for pattern in self.mailbox_patterns.values())

    def _has_family_or_parent_of(self, domain: str) -> bool:
        labels = domain.split(".")
        if labels[0] in self.first_labels and len(labels) > 1:
            return True
        if labels[0] in self.domain_families and _COUNTRY_FORM.fullmatch(domain):
            return True
        return any(".".join(labels[n:]) in self.parent_domains for n in range(1, len(labels)))

    def add(self, kind: str, entry: str) -> None:
        """Add one entry. Raises ValueError, with what is allowed, if it does not fit `kind`."""
        self._answers.clear()
        if kind == "domains":
            self._add_domain(entry.lower())
        elif kind == "mailboxes":
            self._add_mailbox(entry.removesuffix("@"))
        else:
            try:
                self.addresses.add(Address.parse(entry).folded())
            except AddressError as error:
                raise ValueError("whole addresses, such as jo@example.org") from error

    def _add_mailbox(self, entry: str) -> None:
        if _MAILBOX.fullmatch(entry):
            self.mailboxes.add(mailbox_name(entry))
        elif _MAILBOXES.fullmatch(entry):
            self.mailbox_patterns[entry.lower()] = _mailbox_pattern(entry.lower())
        else:
            raise ValueError("the part of an address before the @, such as info or *-list")

    def _add_domain(self, entry: str) -> None:
        if _FIRST_LABEL.fullmatch(entry):
            self.first_labels.add(entry.removesuffix("."))
            return
        if _FAMILY.fullmatch(entry):
            self.domain_families.add(entry.removesuffix(".*"))
            return
        try:
            domain = domain_entry(entry)
        except ValueError as error:
            raise ValueError("domains, such as nhs.net, .gov.uk or yahoo.*") from error
        if domain.startswith("."):
            self.parent_domains.add(domain[1:])
        else:
            self.exact_domains.add(domain)


def mailbox_name(local: str) -> str:
    """Return the one spelling of a mailbox: lower case, no +suffix, no separators."""
    return re.sub(_SEPARATORS, "", local.split("+", 1)[0].lower())


def _mailbox_pattern(entry: str) -> re.Pattern[str]:
    """Return a pattern for `*-list`: a star is anything, one separator is as good as another."""
    pieces = (
        ".*" if piece == "*" else _SEPARATORS if re.fullmatch(_SEPARATORS, piece) else piece
        for piece in entry
    )
    return re.compile("".join(pieces))


def shipped_lists() -> dict[str, str]:
    """Return the lists that come with Sealgate: name and kind, as their files say it."""
    found = {}
    for file in sorted(SHIPPED.glob("*.txt")):
        kind = _KIND.search(file.read_text(encoding="utf-8")[:2000])
        if kind:
            found[file.stem] = kind[1]
    return found


class ListReader:
    """Reads the lists of one policy and keeps what was wrong, and every file it read.

    Files that are `given`, by name, are all there is: then none is opened.
    """

    def __init__(
        self,
        folder: Path | None,
        max_problems: int = MAX_PROBLEMS,
        given: Mapping[str, bytes] | None = None,
    ) -> None:
        self.problems: list[Problem] = []
        self.files: dict[str, bytes] = {}
        self._folders = [SHIPPED] if folder is None else [folder, SHIPPED]
        self._max_problems = max_problems
        self._given = given

    def add_entries(
        self, members: MemberList, kind: str, file: str, entries: Iterable[tuple[int, str]]
    ) -> None:
        """Add (line, entry) pairs that stand in `file`."""
        for line, entry in entries:
            try:
                members.add(kind, entry)
            except ValueError as error:
                found = f"the list {quoted(members.name)} cannot hold {quoted(entry)}"
                self._complain(members, file, line, found, str(error))

    def add_file(
        self, members: MemberList, kind: str, name: str, named_at: tuple[str, int]
    ) -> None:
        """Add a text file: an entry a line, `#` starts a comment. `named_at` is (file, line)."""
        path = self._find(name)
        if path is None:
            shipped = ", ".join(sorted(file.name for file in SHIPPED.glob("*.txt")))
            allowed = f"a file beside the policy, or {shipped}"
            self._complain(members, *named_at, f"no list file {quoted(name)}", allowed)
            return
        try:
            text = self._read(path)
        except (OSError, ValueError):
            found = f"the list file {quoted(name)} cannot be read"
            self._complain(members, *named_at, found, "UTF-8 text of at most 1 MiB")
            return
        lines = ((n, line.split("#", 1)[0].strip()) for n, line in enumerate(text.split("\n"), 1))
        self.add_entries(members, kind, name, (pair for pair in lines if pair[1]))

    def _find(self, name: str) -> Path | None:
        if self._given is not None:
            return Path(name) if name in self._given else None
        return next((f / name for f in self._folders if (f / name).is_file()), None)

    def _read(self, path: Path) -> str:
        if self._given is not None:
            content = self._given[path.name]
        else:
            with path.open("rb") as stream:
                content = stream.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            raise ValueError("too large")
        self.files[path.name] = content
        return content.decode("utf-8-sig")

    def _complain(
        self, members: MemberList, file: str, line: int, found: str, allowed: str
    ) -> None:
        members.broken = True
        if len(self.problems) < self._max_problems:
            self.problems.append(Problem(file, line, "", found, allowed=allowed))
