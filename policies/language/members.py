"""Named lists: personal webmail domains, generic mailboxes, addresses that were approved.

Entries come from the policy file, from a text file beside it, or from the lists that come with
Sealgate (`policies/lists/`). Promises label-wise comparison of domains and one spelling for
mailboxes (`Head.Teacher+x` is `headteacher`). Must never follow a path out of those two folders.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from policies.errors import Problem, quoted
from policies.settings import domain_entry
from vault.address import Address
from vault.errors import AddressError

SHIPPED = Path(__file__).parents[1] / "lists"
MAX_FILE_BYTES = 1024 * 1024
MAX_PROBLEMS = 20

_MAILBOX = re.compile(r"(?=.*[A-Za-z0-9])[A-Za-z0-9._'-]{1,64}")
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
    mailboxes: set[str] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)
    broken: bool = False

    def __contains__(self, address: Address) -> bool:
        return (
            address.domain in self.exact_domains
            or mailbox_name(address.local) in self.mailboxes
            or address.folded() in self.addresses
            or self._has_family_or_parent_of(address.domain)
        )

    def __len__(self) -> int:
        parts = (self.exact_domains, self.parent_domains, self.domain_families)
        return sum(map(len, parts)) + len(self.mailboxes) + len(self.addresses)

    def _has_family_or_parent_of(self, domain: str) -> bool:
        labels = domain.split(".")
        if labels[0] in self.domain_families and _COUNTRY_FORM.fullmatch(domain):
            return True
        return any(".".join(labels[n:]) in self.parent_domains for n in range(1, len(labels)))

    def add(self, kind: str, entry: str) -> None:
        """Add one entry. Raises ValueError, with what is allowed, if it does not fit `kind`."""
        if kind == "domains":
            self._add_domain(entry.lower())
        elif kind == "mailboxes":
            name = entry.removesuffix("@")
            if not _MAILBOX.fullmatch(name):
                raise ValueError("the part of an address before the @, such as info")
            self.mailboxes.add(mailbox_name(name))
        else:
            try:
                self.addresses.add(Address.parse(entry).folded())
            except AddressError as error:
                raise ValueError("whole addresses, such as jo@example.org") from error

    def _add_domain(self, entry: str) -> None:
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
    return re.sub(r"[._'-]", "", local.split("+", 1)[0].lower())


class ListReader:
    """Reads the lists of one policy and keeps what was wrong, and every file it read."""

    def __init__(self, folder: Path | None, max_problems: int = MAX_PROBLEMS) -> None:
        self.problems: list[Problem] = []
        self.files: dict[str, bytes] = {}
        self._folders = [SHIPPED] if folder is None else [folder, SHIPPED]
        self._max_problems = max_problems

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
        path = next((f / name for f in self._folders if (f / name).is_file()), None)
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

    def _read(self, path: Path) -> str:
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
