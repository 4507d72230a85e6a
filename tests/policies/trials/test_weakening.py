"""Which changes of a policy count as weakening protection, and which do not."""

import pytest
import yaml

from policies.decision import Outcome
from policies.language import loader
from policies.trials.weakening import weakened
from tests.policies.mails import COUNCIL, NHS_NUMBER, PARTNER, envelope, mail

BASE = """version: 1
settings:
  subject_tags: [secure, encrypt]
  seal: {expires_after: 30 days, replies: yes}
lists:
  webmail: {kind: domains, entries: [gmail.com, yahoo.com]}
  approved: {kind: addresses, entries: [carers@gmail.com]}
rules:
  - name: no-numbers
    when: {direction: external, subject: {finds: [nhs_number, upn]}}
    then: refuse
    tell_sender: Take it out.
  - name: no-webmail
    when: {recipient: {in_list: webmail}}
    except: {recipient: {in_list: approved}}
    then: seal
  - name: seal-marked
    when: {direction: external, flag: [subject_tag, sensitivity]}
    then: seal
    seal: {expires_after: 7 days}
"""


def source(text: str, folder) -> loader.Source:
    path = folder / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    return loader.read(path)


def compare(folder, *changes: tuple[str, str]) -> tuple[str, ...]:
    text = BASE
    for before, after in changes:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    return weakened(source(BASE, folder), source(text, folder))


NUMBERS = BASE[BASE.index("  - name: no-numbers") : BASE.index("  - name: no-webmail")]
LONG = """  - name: new
    when: {flag: protect_header}
    then: seal
    seal: {expires_after: 90 days}
"""
RELAYED = "  - {name: new, when: {direction: external}, then: relay"
WEAKER = {
    "rule gone": ((NUMBERS, ""), "'no-numbers' is gone"),
    "rule renamed": (("name: no-numbers", "name: numbers"), "'no-numbers' is gone"),
    "outcome lowered": (
        ("then: refuse\n    tell_sender: Take it out.", "then: seal"),
        "'no-numbers': it says 'seal' where it said 'refuse'",
    ),
    "condition added": (
        ("flag: [subject_tag, sensitivity]}", "flag: [subject_tag, sensitivity], unreadable: no}"),
        "'seal-marked': its conditions may hold for less mail",
    ),
    "detector gone": (("finds: [nhs_number, upn]", "finds: upn"), "conditions may hold for less"),
    "flag gone": (("flag: [subject_tag, sensitivity]", "flag: subject_tag"), "for less mail"),
    "exception added": (
        (
            "    then: refuse\n",
            "    except: {sender: {domain: payroll.example.gov.uk}}\n    then: refuse\n",
        ),
        "'no-numbers': it has an exception now",
    ),
    "exception widened": (
        ("except: {recipient: {in_list: approved}}", "except: {direction: internal}"),
        "'no-webmail': its exception may hold for more mail",
    ),
    "list of a rule loses": (("gmail.com, yahoo.com", "gmail.com"), "'webmail' lost entries"),
    "list of an exception gains": (
        ("[carers@gmail.com]", "[carers@gmail.com, jo@gmail.com]"),
        "'approved' gained entries",
    ),
    "tag gone": (("[secure, encrypt]", "secure"), "'settings: subject_tags' changed"),
    "longer": (("expires_after: 30 days", "expires_after: 31 days"), "grants more"),
    "replies": (("{expires_after: 7 days}", "{expires_after: 8 days}"), "easier terms"),
    "longer than usual": (
        (
            "in_list: approved}}\n    then: seal",
            "in_list: approved}}\n    then: seal\n    seal: {expires_after: 31 days}",
        ),
        "'no-webmail': sealed mail may be used on easier terms",
    ),
    "a way out added": (
        (
            "rules:\n",
            f"rules:\n{RELAYED}, relay: {{route: far}}}}\n",
        ),
        "another mail server",
    ),
    "kept longer": (
        ("{expires_after: 7 days}", "{expires_after: 7 days, kept_after_expiry: 90 days}"),
        "easier terms",
    ),
    "terms gone": (("\n    seal: {expires_after: 7 days}", ""), "easier terms"),
    "long new rule": (
        (
            "rules:\n",
            f"rules:\n{LONG}",
        ),
        "the new rule 'new' seals on easier terms",
    ),
}


@pytest.mark.parametrize("name", WEAKER)
def test_what_protects_less_is_named(name, tmp_path):
    change, said = WEAKER[name]
    reasons = compare(tmp_path, change)
    assert len(reasons) == 1, reasons
    assert said in reasons[0]


HARMLESS = {
    "nothing": ("version: 1", "version: 1"),
    "comment": ("version: 1", "# reviewed\nversion: 1"),
    "rule added": (
        "rules:\n",
        "rules:\n  - {name: new, when: {subject: {finds: phone}}, then: seal}\n",
    ),
    "outcome raised": ("    then: seal\n    seal: {", "    then: seal\n    seal: {replies: no, "),
    "hours added": (
        "seal: {expires_after: 7 days}",
        "seal: {expires_after: 7 days, open_hours: Mon-Fri 08:00-18:00}",
    ),
    "reminders": (
        "seal: {expires_after: 7 days}",
        "seal: {expires_after: 7 days, reminders: 3}",
    ),
    "detector added": ("finds: [nhs_number, upn]", "finds: [nhs_number, upn, phone]"),
    "condition gone": (
        "when: {direction: external, subject: {finds: [nhs_number, upn]}}",
        "when: {subject: {finds: [nhs_number, upn]}}",
    ),
    "any flag": ("flag: [subject_tag, sensitivity]", "flag: any"),
    "exception gone": ("    except: {recipient: {in_list: approved}}\n", ""),
    "exception narrowed": (
        "except: {recipient: {in_list: approved}}",
        "except: {recipient: {in_list: approved}, direction: internal}",
    ),
    "list of a rule gains": ("gmail.com, yahoo.com", "gmail.com, yahoo.com, aol.com"),
    "list of an exception loses": ("[carers@gmail.com]", "[]"),
    "tag added": ("[secure, encrypt]", "[secure, encrypt, private]"),
    "shorter": ("expires_after: 30 days", "expires_after: 29 days"),
    "shorter than usual": (
        "in_list: approved}}\n    then: seal",
        "in_list: approved}}\n    then: seal\n    seal: {expires_after: 29 days}",
    ),
    "way out as it was": (
        "rules:\n",
        f"rules:\n{RELAYED}, relay: {{tls: required}}}}\n",
    ),
    "sentence": ("Take it out.", "Take it out and send again."),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_protects_as_much_is_not(name, tmp_path):
    assert compare(tmp_path, HARMLESS[name]) == ()


@pytest.mark.parametrize(
    ("before", "after", "weaker"),
    [("SECRET", "TOP SECRET", True), ("OFFICIAL-SENSITIVE", "OFFICIAL", False)],
)
def test_a_marking_is_compared_by_its_height(before, after, weaker, tmp_path):
    text = "version: 1\nrules:\n  - {name: a, when: {marking: {at_least: X}}, then: seal}\n"
    old, new = (source(text.replace("X", one), tmp_path) for one in (before, after))
    assert bool(weakened(old, new)) is weaker


def test_the_first_route_counts_so_that_the_order_does(tmp_path):
    one, other = (
        f"{RELAYED.replace('new', name)}, relay: {{route: {name}}}}}\n"
        for name in ("here", "there")
    )
    old, new = (
        source("version: 1\nrules:\n" + rules, tmp_path) for rules in (one + other, other + one)
    )
    (reason,) = weakened(old, new)
    assert "another mail server" in reason


def test_terms_that_nobody_had_set_may_be_longer_than_the_installations(tmp_path):
    old = BASE.replace("  seal: {expires_after: 30 days, replies: yes}\n", "")
    new = BASE.replace("30 days, replies: yes", "900 days")
    (reason,) = weakened(source(old, tmp_path), source(new, tmp_path))
    assert "grants more" in reason


def test_a_tag_that_an_exception_reads_counts_either_way(tmp_path):
    exempt = ("    except: {recipient: {in_list: approved}}", "    except: {flag: subject_tag}")
    old = BASE.replace(*exempt)
    new = old.replace("[secure, encrypt]", "[secure, encrypt, fyi]")
    (reason,) = weakened(source(old, tmp_path), source(new, tmp_path))
    assert "subject_tags" in reason


def test_a_list_file_is_read_as_it_was(tmp_path):
    text = BASE.replace("entries: [gmail.com, yahoo.com]", "file: webmail.txt")
    (tmp_path / "webmail.txt").write_text("gmail.com\nyahoo.com\n")
    old = source(text, tmp_path)
    (tmp_path / "webmail.txt").write_text("gmail.com  # yahoo.com\n")
    assert weakened(old, source(text, tmp_path)) == ("the list 'webmail' lost entries",)


def test_a_longer_list_of_approvers_counts(tmp_path):
    text = BASE.replace(
        "then: refuse", "then: hold\n    hold: {for: approver, approvers: approved}"
    )
    longer = text.replace("[carers@gmail.com]", "[carers@gmail.com, jo@gmail.com]")
    (reason,) = weakened(source(text, tmp_path), source(longer, tmp_path))
    assert "'approved' gained entries" in reason


def test_a_shipped_list_that_a_shorter_one_replaces_is_noticed(tmp_path):
    text = BASE.replace("in_list: webmail", "in_list: personal_webmail")
    text = text.replace("  webmail: {kind: domains, entries: [gmail.com, yahoo.com]}\n", "")
    old = source(text, tmp_path)
    (tmp_path / "personal_webmail.txt").write_text("gmail.com\n")
    assert weakened(old, source(text, tmp_path)) == ("the list 'personal_webmail' lost entries",)


def test_every_rule_of_the_council_is_missed(tmp_path):
    whole = yaml.load(COUNCIL.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    old = loader.read(COUNCIL)
    for rule in whole["rules"]:
        without = {**whole, "rules": [one for one in whole["rules"] if one != rule]}
        reasons = weakened(old, source(yaml.safe_dump(without), tmp_path))
        assert f"the rule '{rule['name']}' is gone" in reasons


def test_doubt_is_weakening_even_where_nothing_would_change(tmp_path):
    """The same rule under two names decides alike; only a person can know that."""
    reasons = compare(tmp_path, ("name: no-numbers", "name: numbers"))
    assert reasons
    old, new = loader.compiled(source(BASE, tmp_path)), source(BASE, tmp_path)
    found = mail(f"Subject: {NHS_NUMBER}")
    for policy in (old, loader.compiled(new)):
        assert policy.decide(envelope(PARTNER), found)[0].outcome is Outcome.REFUSE
