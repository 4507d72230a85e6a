"""The lists that ship: their source, their form, and what must not be on them."""

import re

import pytest

from policies.language.members import SHIPPED, ListReader, MemberList, mailbox_name
from vault.address import Address

LISTS = {file.name: file.read_text("utf-8") for file in sorted(SHIPPED.glob("*.txt"))}


def webmail() -> MemberList:
    """The list as policies use it."""
    members, reader = MemberList("webmail"), ListReader(None)
    reader.add_file(members, "domains", "personal_webmail.txt", ("test", 0))
    assert reader.problems == []
    return members


def entries(name: str) -> list[str]:
    return [line for line in LISTS[name].splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("name", LISTS)
def test_a_list_says_where_it_comes_from_and_when(name: str) -> None:
    header = LISTS[name].partition("\n\n")[0]
    assert all(line.startswith("# ") for line in header.splitlines())
    assert "# Source: " in header
    assert re.search(r"^# Date: 20\d\d-\d\d-\d\d$", header, re.MULTILINE)


@pytest.mark.parametrize("name", LISTS)
def test_no_entry_stands_twice(name: str) -> None:
    assert len(entries(name)) == len(set(entries(name)))


def test_webmail_domains_are_domains() -> None:
    names = entries("personal_webmail.txt")
    assert len(names) >= 300
    for name in (name.replace(".*", ".co.nz") for name in names):
        assert str(Address.parse(f"x@{name}")) == f"x@{name}"


@pytest.mark.parametrize(
    "domain",
    ["gmail.com", "googlemail.com", "hotmail.co.uk", "yahoo.co.uk", "outlook.com", "icloud.com",
     "btinternet.com", "proton.me", "gmx.de", "qq.com", "mail.ru", "yahoo.com.au", "live.fr"],
)  # fmt: skip
def test_well_known_webmail_is_listed(domain: str) -> None:
    assert domain in entries("personal_webmail.txt")
    assert Address.parse(f"x@{domain}") in webmail()


@pytest.mark.parametrize(
    "domain",
    ["nhs.net", "gov.uk", "google.com", "microsoft.com", "bt.com", "parliament.uk", "example.com",
     "yahoo-inc.com", "ac.uk", "cjsm.net", "hotmail.council.gov.uk", "mygmail.com"],
)  # fmt: skip
def test_domains_of_organisations_are_not_listed(domain: str) -> None:
    assert Address.parse(f"x@{domain}") not in webmail()


def test_a_brand_is_known_under_a_country_nobody_thought_of() -> None:
    assert "yahoo.com.mt" not in entries("personal_webmail.txt")
    assert Address.parse("x@yahoo.com.mt") in webmail()


def test_mailboxes_are_in_the_spelling_that_is_looked_up() -> None:
    names = entries("generic_mailboxes.txt")
    assert [mailbox_name(name) for name in names] == names
    assert {"info", "office", "admin", "noreply", "enquiries", "headteacher"} <= set(names)
    assert not {"john", "sue", "jsmith"} & set(names)
