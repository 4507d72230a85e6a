"""One canonical form: what is accepted, what is the same mailbox, and what never is."""

import string
import unicodedata

import idna
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vault.address import Address, canonical_domain, header_addresses
from vault.domain import covers
from vault.errors import AddressError


def canonical(text: str) -> str | None:
    try:
        return str(Address.parse(text))
    except AddressError:
        return None


ACCEPTED = {
    "bob@gmail.com": "bob@gmail.com",
    "BOB@GMAIL.COM": "BOB@gmail.com",
    "bob+tag@example.org": "bob+tag@example.org",
    "b.o.b@example.org": "b.o.b@example.org",
    "o'brien@example.org": "o'brien@example.org",
    "first_last@a-b.example.org": "first_last@a-b.example.org",
    "bounce=bob=example.com@lists.example.org": "bounce=bob=example.com@lists.example.org",
    "a@r3---sn.example.com": "a@r3---sn.example.com",
    '"bob"@example.org': "bob@example.org",
    '"B.o.b"@example.org': "B.o.b@example.org",
    '"john smith"@example.org': '"john smith"@example.org',
    '"john..smith"@example.org': '"john..smith"@example.org',
    "a@münchen.de": "a@xn--mnchen-3ya.de",
    "a@MÜNCHEN.de": "a@xn--mnchen-3ya.de",
    "a@xn--mnchen-3ya.de": "a@xn--mnchen-3ya.de",
    "a@XN--Mnchen-3ya.DE": "a@xn--mnchen-3ya.de",
    "a@faß.de": "a@xn--fa-hia.de",
    "a@fass.de": "a@fass.de",
    "a@مثال.إختبار": "a@xn--mgbh0fb.xn--kgbechtv",
    "jörg@example.org": "jörg@example.org",
    "jo\u0308rg@example.org": "jörg@example.org",
    "Jörg@bücher.example": "Jörg@xn--bcher-kva.example",
    "用户@例え.テスト": "用户@xn--r8jz45g.xn--zckzah",
    "अजय@example.org": "अजय@example.org",
    "bıll@example.org": "bıll@example.org",  # somebody else than bill
    '"jörg"@example.org': "jörg@example.org",
    "ö" * 32 + "@example.org": "ö" * 32 + "@example.org",
    "a" * 64 + "@example.org": "a" * 64 + "@example.org",
    "a@" + "b" * 63 + ".org": "a@" + "b" * 63 + ".org",
    "a@" + "b." * 125 + "org": "a@" + "b." * 125 + "org",  # 253 octets
}

REFUSED = {
    "empty": "",
    "no at": "bob",
    "no local part": "@example.org",
    "no domain": "bob@",
    "one label": "bob@localhost",
    "NUL in local": "bo\0b@example.org",
    "NUL at end": "bob@example.org\0",
    "NUL in domain": "bob@exam\0ple.org",
    "CR": "bob\r@example.org",
    "LF": "bob@example.org\n",
    "CRLF and a command": "a@x.org\r\nRCPT TO:<evil@y.org>",
    "CR in quotes": '"a\rb"@example.org',
    "tab": "bob\t@example.org",
    "DEL": "bob\x7f@example.org",
    "leading space": " bob@example.org",
    "trailing space": "bob@example.org ",
    "space": "bo b@example.org",
    "no-break space": "bob\u00a0@example.org",
    "angle brackets": "<bob@example.org>",
    "comment": "bob(comment)@example.org",
    "comment in domain": "bob@example.org(comment)",
    "route": "@a.example,@b.example:bob@c.example",
    "percent route": "bob%evil.example@example.org",
    "bang path": "evil!bob@example.org",
    "second at": "bob@evil.example@example.org",
    "quoted at": '"bob@evil.example"@example.org',
    "quoted percent": '"bob%evil.example"@example.org',
    "quoted colon": '"a:b"@example.org',
    "quoted comma": '"a,b"@example.org',
    "quoted bracket": '"a<b>"@example.org',
    "quoted escape": '"a\\"b"@example.org',
    "quoted backslash": '"\\"@example.org',
    "unclosed quote": '"bob@example.org',
    "empty quotes": '""@example.org',
    "quoted space": '" "@example.org',
    "half quoted": 'a."b"@example.org',
    "address literal": "u@[1.2.3.4]",
    "IPv6 literal": "u@[IPv6:::1]",
    "bare number": "u@1.2.3.4",
    "numeric top level": "u@example.1",
    "leading dot": ".bob@example.org",
    "trailing dot": "bob.@example.org",
    "two dots": "b..ob@example.org",
    "dots in domain": "bob@example..org",
    "leading dot in domain": "bob@.example.org",
    "root dot": "bob@example.org.",
    "ideographic root dot": "bob@example.org。",
    "65 octets": "a" * 65 + "@example.org",
    "label of 64": "a@" + "b" * 64 + ".org",
    "254 octets": "a@" + "b." * 125 + "orgs",
    "underscore": "bob@exa_mple.org",
    "leading hyphen": "bob@-example.org",
    "trailing hyphen": "bob@example-.org",
    "option": "-oQ/tmp@example.org",
    "quoted option": '"-oQ /x"@example.org',
    "pipe": "|cmd@example.org",
    "quoted pipe": '"|cmd"@example.org',
    "file": "/etc/passwd@example.org",
    "climbing path": "../../x@example.org",
    "zero-width joiner": "bob@gm\u200dail.com",
    "zero-width space": "bob@gmail.com\u200b",
    "soft hyphen": "bob@gm\u00adail.com",
    "right-to-left override": "bob@gm\u202eail.com",
    "emoji": "bob@💩.la",
    "symbol as A-label": "bob@xn--n3h.net",
    "ASCII behind xn--": "bob@xn--gmail-.com",
    "nothing behind xn--": "bob@xn--.com",
    "fullwidth at": "bob＠example.org",
    "Kelvin sign in local": "\u212aate@example.org",
    "fullwidth letters in local": "ｂob@example.org",
    "ligature in local": "ﬁona@example.org",
    "Greek question mark in local": "bob\u037e@example.org",
    "grave accent that is a letter": "bob\u1fef@example.org",
    "accent without a letter": "\u0301bob@example.org",
    "accent after a dot": "bob.\u0301@example.org",
    "zero-width joiner in local": "bo\u200db@example.org",
    "right-to-left override in local": "bo\u202eb@example.org",
    "no-break space in local": "bo\u00a0b@example.org",
    "next line in local": "bo\u0085b@example.org",
    "line separator in local": "bo\u2028b@example.org",
    "private use in local": "bo\ue000b@example.org",
    "surrogate in local": "bo\ud800b@example.org",
    "fullwidth at in local": "bob＠evil.org@example.org",
    "quoted beyond ASCII": '"jörg maier"@example.org',
    "65 bytes beyond ASCII": "ö" * 32 + "o@example.org",
    "huge": "a" * 10_000_000 + "@example.org",
}


@pytest.mark.parametrize(("text", "expected"), ACCEPTED.items(), ids=range(len(ACCEPTED)))
def test_accepted(text: str, expected: str) -> None:
    assert canonical(text) == expected
    assert canonical(expected) == expected


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_refused(text: str) -> None:
    with pytest.raises(AddressError) as refusal:
        Address.parse(text)
    assert refusal.value.reason
    assert "evil" not in refusal.value.reason


def test_an_address_cannot_be_made_around_the_grammar() -> None:
    for local, domain in (("a\r\nb", "x.org"), ("a", "X.org"), ("a", "x.org\n"), ("a@b", "x.org")):
        with pytest.raises(AddressError):
            Address(local, domain)


LOOK_ALIKES = [
    "bob@gmaıl.com",  # dotless i
    "bоb@gmail.com",  # Cyrillic o in the local part
    "bób@gmail.com",
    "bob@gmаil.com",  # Cyrillic a
    "bob@xn--gmal-nza.com",
    "BOB@GMAIL.COM",
    "Bob@gmail.com",
    "bob+x@gmail.com",
    "b.o.b@gmail.com",
    "bob@gmail.com.",
    "bob@gm\u200dail.com",
    " bob@gmail.com",
    "bob@gmail.com\0",
    "bob@gmail.co",
    "bob@mail.gmail.com",
    "bob@googlemail.com",
]


@pytest.mark.parametrize("typed", LOOK_ALIKES)
def test_look_alikes_are_somebody_else(typed: str) -> None:
    assert canonical(typed) != canonical("bob@gmail.com")


SAME_IN_DNS = ["bob@ｇmail.com", "bob@gmail。com", "bob@GMAIL.com", "bob@gmai\u2113.com"]


@pytest.mark.parametrize("typed", SAME_IN_DNS)
def test_other_spellings_of_the_same_dns_name_are_the_same(typed: str) -> None:
    assert canonical(typed) == "bob@gmail.com"


def test_sharp_s_and_final_sigma_are_letters_of_their_own() -> None:
    assert canonical("a@faß.de") != canonical("a@fass.de")
    assert canonical("a@σς.gr") != canonical("a@σσ.gr")


def test_the_careless_canonicalisers_would_let_the_wrong_person_in() -> None:
    """The negative control: the functions this module must not use do collide."""
    assert "gmaıl.com".upper().lower() == "gmail.com"
    assert "faß.de".casefold() == "fass.de"
    assert "faß.de".encode("idna") == b"fass.de"
    assert "gm\u200dail.com".encode("idna") == b"gmail.com"


def dns_name(domain: str) -> str | None:
    """An independent oracle: ASCII as it is, the rest by UTS 46 and IDNA 2008, label by label."""
    if domain.isascii() and "xn--" not in domain.lower():
        return domain.lower()
    try:
        mapped = idna.uts46_remap(domain, std3_rules=True, transitional=False)
        return ".".join(idna.alabel(label).decode("ascii") for label in mapped.split("."))
    except (idna.IDNAError, UnicodeError):
        return None


plain = st.text(string.ascii_letters + string.digits + "-", max_size=5)
special = st.one_of(
    st.sampled_from("ıſKßςσﬀｇаеоéÉüÜ\u0301\u200c\u200d\u00ad。．İⅷℓ"),
    st.characters(exclude_categories=["Cs"]),
    st.just(""),
)
domains = st.builds("{}{}{}{}.com".format, plain, special, special, plain)


@given(domains, domains)
@example("gmail.com", "gmaıl.com")
@example("faß.de", "fass.de")
@example("é.com", "e\u0301.com")
def test_two_domains_are_equal_only_if_dns_says_so(one: str, two: str) -> None:
    try:
        first, second = canonical_domain(one), canonical_domain(two)
    except AddressError:
        return
    assert (first == second) == (dns_name(one) == dns_name(two))


@given(domains)
def test_a_canonical_domain_is_plain_ascii_and_stays_itself(text: str) -> None:
    try:
        domain = canonical_domain(text)
    except AddressError:
        return
    assert set(domain) <= set(string.ascii_lowercase + string.digits + "-.")
    assert canonical_domain(domain) == domain
    assert canonical_domain(domain.upper()) == domain  # it is ASCII now
    assert domain == dns_name(text)


@given(st.text(max_size=80) | st.text(alphabet='ab."@\\ %!\r\n\0<>()[]-|/é', max_size=30))
def test_whatever_is_accepted_can_be_put_on_the_wire(text: str) -> None:
    accepted = canonical(text)
    if accepted is None:
        return
    assert accepted.isascii()
    assert accepted.isprintable()
    assert accepted.count("@") == 1
    assert not set(accepted) & set("<>()[]\\,:;%!")
    assert canonical(accepted) == accepted
    if text.isascii():
        assert accepted.lower() in {text.lower(), text.lower().replace('"', "")}


def test_policy_lists_compare_whole_labels() -> None:
    address = Address.parse("a@nhs.net")
    for domain in ("nhs.net", "NHS.NET"):
        assert address.within([domain])
    for typed in ("a@nhs.net.evil.com", "a@xnhs.net", "a@a.nhs.net"):
        assert not Address.parse(typed).within(["nhs.net"])
    assert Address.parse("a@NHS.NET").within(["nhs.net"])
    assert Address.parse("a@a.b.gov.uk").within([".gov.uk"])
    assert not Address.parse("a@gov.uk").within([".gov.uk"])
    assert not Address.parse("a@evilgov.uk").within([".gov.uk"])
    assert Address.parse("a@council.uk").within([".uk"])
    assert Address.parse("a@münchen.de").within(["xn--mnchen-3ya.de"])
    assert not address.within([])


@pytest.mark.parametrize("entry", ["", ".", "nhs", "*.nhs.net", "nhs.net.", "a b.org", "@nhs.net"])
def test_a_list_entry_that_is_no_domain_is_an_error_and_not_a_miss(entry: str) -> None:
    with pytest.raises(AddressError):
        covers(entry, "nhs.net")


def test_folding_is_for_looking_up_and_homely_for_ourselves() -> None:
    address = Address.parse("Bob.Smith@Example.org")
    assert address.folded() == "bob.smith@example.org"
    assert address.homely(["example.org"]) == Address.parse("bob.smith@example.org")
    assert address.homely(["example.com"]) == address
    assert str(address) == "Bob.Smith@example.org"


HEADERS = {
    "Bob <bob@x.com>": [("Bob", "bob@x.com")],
    "bob@x.com": [("", "bob@x.com")],
    '"Smith, Al" <al@y.org>, c@d.com': [("Smith, Al", "al@y.org"), ("", "c@d.com")],
    "c@d.com (comment, (nested, <e@f.com>))": [("", "c@d.com")],
    'a@b.com (it"s), c@d.com': [("", "a@b.com"), ("", "c@d.com")],
    "Friends: e@f.com, g@h.com;, i@j.com": [("", "e@f.com"), ("", "g@h.com"), ("", "i@j.com")],
    "undisclosed-recipients:;": [],
    "a@evil.com <b@good.com>": [("a@evil.com", "b@good.com")],
    "x <a@b.com> <c@d.com>": [],
    "<@r.com,@s.com:a@b.com>, c@d.com": [("", "c@d.com")],
    '"john smith"@x.com': [("", '"john smith"@x.com')],
    "=?utf-8?q?J=C3=BCrgen?= <x@y.com>\r\n\t, z@y.com": [
        ("=?utf-8?q?J=C3=BCrgen?=", "x@y.com"),
        ("", "z@y.com"),
    ],
    '"a\\"b" <q@y.com>': [('a"b', "q@y.com")],
    "Jürgen <j@münchen.de>": [("Jürgen", "j@xn--mnchen-3ya.de")],
    "not an address, @, <>, a@b.com": [("", "a@b.com")],
    "": [],
}


@pytest.mark.parametrize(("value", "expected"), HEADERS.items(), ids=range(len(HEADERS)))
def test_header_lists(value: str, expected: list[tuple[str, str]]) -> None:
    assert [(name, str(address)) for name, address in header_addresses(value)] == expected


HOSTILE = ["(" * 10**6, '"' * 10**6, "a@b.com," * 10**5, "<" * 10**6, "\\" * 10**6, "," * 10**6]


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: value[:3])
def test_a_hostile_header_is_bounded(value: str) -> None:
    assert len(header_addresses(value)) <= 1000
    assert len(header_addresses(value, limit=3)) <= 3


@given(st.text(alphabet='ab@.,;:<>()"\\ \r\n\0é', max_size=60) | st.text())
def test_a_header_never_raises_and_gives_only_addresses(value: str) -> None:
    for name, address in header_addresses(value):
        assert canonical(str(address)) == str(address)
        assert "\n" not in name
        assert "\r" not in name


def test_display_names_hold_no_line_breaks_or_excess() -> None:
    [(name, _)] = header_addresses(f'"{"x" * 999}\r\n Bcc: e@f.com" <a@b.com>')
    assert len(name) == 200
    assert not any(unicodedata.category(c) == "Cc" for c in name)
