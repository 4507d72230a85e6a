"""Lists: whole labels, one spelling of a mailbox, and no way out of the folder."""

import pytest

from policies.language.members import ListReader, MemberList, mailbox_name
from vault.address import Address


def members(kind: str, *entries: str) -> MemberList:
    made = MemberList("test")
    for entry in entries:
        made.add(kind, entry)
    return made


@pytest.mark.parametrize(
    ("entry", "address", "inside"),
    [
        ("nhs.net", "a@nhs.net", True),
        ("NHS.net", "a@NHS.NET", True),
        ("nhs.net", "a@nhs.net.evil.com", False),
        ("nhs.net", "a@xnhs.net", False),
        ("nhs.net", "a@a.nhs.net", False),
        (".nhs.net", "a@a.nhs.net", True),
        (".nhs.net", "a@b.a.nhs.net", True),
        (".nhs.net", "a@nhs.net", False),
        (".nhs.net", "a@xnhs.net", False),
        (".uk", "a@example.co.uk", True),
        ("yahoo.*", "a@yahoo.com", True),
        ("yahoo.*", "a@yahoo.co.uk", True),
        ("yahoo.*", "a@yahoo.com.br", True),
        ("yahoo.*", "a@yahoo.example.org", False),
        ("yahoo.*", "a@myyahoo.com", False),
        ("yahoo.*", "a@mail.yahoo.com", False),
        ("münchen.example", "a@xn--mnchen-3ya.example", True),
        ("xn--mnchen-3ya.example", "a@münchen.example", True),
        ("gmail.com", "a@gmaıl.com", False),
    ],
)
def test_domains(entry, address, inside):
    assert (Address.parse(address) in members("domains", entry)) is inside


@pytest.mark.parametrize(
    "address",
    ["info@a.example", "INFO@a.example", "in.fo@a.example", "info+x@a.example", '"info"@a.example'],
)
def test_a_mailbox_has_one_spelling(address):
    assert Address.parse(address) in members("mailboxes", "info")


@pytest.mark.parametrize(
    ("entry", "address"),
    [
        ("head.teacher", "headteacher@a.example"),
        ("headteacher", "Head-Teacher@a.example"),
        ("customer_services@", "customer.services@a.example"),
    ],
)
def test_separators_make_no_difference(entry, address):
    assert Address.parse(address) in members("mailboxes", entry)


@pytest.mark.parametrize("address", ["information@a.example", "x+info@a.example", "a@info.example"])
def test_what_only_holds_the_name_is_not_the_mailbox(address):
    assert Address.parse(address) not in members("mailboxes", "info")


def test_addresses_match_whole_and_in_any_case():
    approved = members("addresses", "Jo.Bloggs@Gmail.com")
    assert Address.parse("jo.bloggs@gmail.com") in approved
    assert Address.parse("jobloggs@gmail.com") not in approved
    assert Address.parse("jo.bloggs+x@gmail.com") not in approved
    assert Address.parse("jo.bloggs@gmail.com.evil.example") not in approved


@pytest.mark.parametrize(
    ("kind", "entry"),
    [
        ("domains", "police"),
        ("domains", "*.gov.uk"),
        ("domains", "a@b.example"),
        ("domains", "."),
        ("domains", "*"),
        ("domains", "1.2.3.4"),
        ("mailboxes", "@"),
        ("mailboxes", "..."),
        ("mailboxes", "info@a.example"),
        ("mailboxes", "two words"),
        ("addresses", "a.example"),
        ("addresses", "a@b"),
        ("addresses", "<a@b.example>"),
    ],
)
def test_entries_that_do_not_fit(kind, entry):
    with pytest.raises(ValueError, match="such as"):
        members(kind, entry)


def test_no_mailbox_is_spelt_as_nothing():
    assert mailbox_name("+x") == ""
    assert Address.parse("+x@a.example") not in members("mailboxes", "info")


def test_the_shipped_lists_can_be_read():
    reader = ListReader(None)
    webmail, generic = MemberList("webmail"), MemberList("generic")
    reader.add_file(webmail, "domains", "personal_webmail.txt", ("p.yaml", 1))
    reader.add_file(generic, "mailboxes", "generic_mailboxes.txt", ("p.yaml", 1))
    assert reader.problems == []
    assert not webmail.broken
    assert not generic.broken
    assert len(webmail) > 100
    assert len(generic) > 100
    assert len(reader.files) == 2


def test_problems_of_one_list_are_bounded():
    reader = ListReader(None)
    broken = MemberList("broken")
    reader.add_entries(broken, "domains", "p.yaml", ((n, "police") for n in range(10_000)))
    assert broken.broken
    assert len(reader.problems) == 20
