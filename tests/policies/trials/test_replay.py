"""Recorded decisions, decided again: as the mail itself would be, or not told at all."""

import hashlib
import json
from datetime import UTC, datetime

import pytest

from policies.decision import Outcome
from policies.envelope import Envelope
from policies.extraction.mail import extract
from policies.extraction.passages import Attachment, Content, Passage, State, Where
from policies.facts import NOTHING_READ
from policies.language import loader
from policies.message.mime import outline
from policies.trials import replay_report
from policies.trials.asking_again import Tried
from policies.trials.case_files import folder_of, read_cases
from policies.trials.case_values import NULL_SENDER
from policies.trials.cases import CaseKnowledge
from policies.trials.composing import compose
from policies.trials.recorded import patterns_of, record, record_of_recipient
from policies.trials.recorded_names import known_names
from policies.trials.replay import replay
from tests.policies.mails import COUNCIL, NHS_NUMBER, OWN_DOMAINS, PARTNER, envelope, mail
from vault.address import Address

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
BASE = """version: 1
rules:
  - name: no-numbers
    when: {subject: {finds: [nhs_number, upn]}}
    then: refuse
    tell_sender: Take it out.
  - name: seal-marked
    when: {direction: external, flag: any}
    then: seal
"""


def hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def tried(folder, text: str) -> Tried:
    path = folder / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    source = loader.read(path)
    return Tried(source, loader.compiled(source))


def recorded(policy, people, found, content=NOTHING_READ):
    facts = policy.policy.facts(people, found, content)
    decisions = policy.policy.decide_on(facts)
    made = record(facts, decisions, hashed, inside=policy.policy.reads_inside)
    return NOW, policy.policy.digest, json.loads(json.dumps(made))


def again(old, new, *records):
    return replay(
        old,
        new,
        records,
        decided_by={old.policy.digest: old},
        known=known_names((old.source, new.source), hashed),
        own_domains=OWN_DOMAINS,
    )


def test_nothing_changes_under_the_same_policy(tmp_path):
    old = tried(tmp_path, BASE)
    mails = [mail(f"Subject: {NHS_NUMBER}"), mail("Subject: [secure] x"), mail("Subject: x")]
    made = again(old, old, *(recorded(old, envelope(PARTNER), one) for one in mails))
    assert (made.mails, made.recipients, made.same, made.untold) == (3, 3, 3, 0)
    assert made.rules_after == {"no-numbers": 1, "seal-marked": 1}


CHANGES = {
    "a rule goes": (BASE[: BASE.index("  - name: seal-marked")], "seal", "relay"),
    "a rule comes": (
        BASE + "  - {name: all, when: {direction: external}, then: seal}\n",
        "relay",
        "seal",
    ),
    "an outcome changes": (
        BASE.replace("then: refuse\n    tell_sender: Take it out.", "then: seal"),
        "refuse",
        "seal",
    ),
    "a domain is named": (
        BASE + "  - {name: x, when: {recipient: {domain: .example.org}}, then: seal}\n",
        "relay",
        "seal",
    ),
    "an address is named": (
        BASE + f"  - {{name: x, when: {{recipient: {{address: {PARTNER}}}}}, then: seal}}\n",
        "relay",
        "seal",
    ),
    "a mailbox is named": (
        BASE + "  - {name: x, when: {recipient: {mailbox: JO.bloggs}}, then: seal}\n",
        "relay",
        "seal",
    ),
    "a pattern is named": (
        BASE + '  - {name: x, when: {recipient: {mailbox: "jo-*"}}, then: seal}\n',
        "relay",
        "seal",
    ),
    "a size is named": (
        BASE + "  - {name: x, when: {direction: external, size_over: 1 KB}, then: seal}\n",
        "relay",
        "relay",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_shows_which_mail_would_fare_otherwise(name, tmp_path):
    text, before, after = CHANGES[name]
    old, new = tried(tmp_path, BASE), tried(tmp_path, text)
    mails = [mail(f"Subject: {NHS_NUMBER}"), mail("Subject: [secure] x"), mail("Subject: x")]
    made = again(old, new, *(recorded(old, envelope(PARTNER), one) for one in mails))
    assert made.untold == 0, made.unknown
    found = {(str(one.before.outcome), str(one.after.outcome)) for one in made.changes}
    assert found == ({(before, after)} if before != after else set())
    for change in made.changes:
        assert (change.sender, change.recipient) == ("example.gov.uk", "partner.example.org")


UNTOLD = {
    "words": ("{subject: {contains: minutes}}", "the words of the subject"),
    "a detector that was not asked": ("{subject: {finds: postcode}}", "postcode in the subject"),
    "the text": ("{body: {finds: nhs_number}}", "nhs_number in the text"),
    "a header": ("{header: {name: X-Mailer}}", "header fields"),
    "the past": ("{recipient: {first_time: yes}}", "whom the sender had written to"),
    "a route": ("{route: {tls: verified}}", "how mail travelled"),
    "attachments": ("{attachment: {kind: pdf}}", "attachments, for which no rule asked"),
    "a marking": ("{marking: {at_least: SECRET}}", "protective markings"),
}


@pytest.mark.parametrize("name", UNTOLD)
def test_what_was_not_kept_cannot_be_told(name, tmp_path):
    when, said = UNTOLD[name]
    old = tried(tmp_path, BASE)
    new = tried(tmp_path, BASE + f"  - {{name: x, when: {when}, then: seal}}\n")
    plain, refused = mail("Subject: x"), mail(f"Subject: {NHS_NUMBER}")
    made = again(old, new, *(recorded(old, envelope(PARTNER), one) for one in (plain, refused)))
    assert made.untold == 1, "the refused mail stays refused, whatever is unknown"
    assert made.same == 1
    assert any(said in what for what in made.unknown)


def test_what_one_condition_excludes_needs_nothing_else(tmp_path):
    old = tried(tmp_path, BASE)
    new = tried(
        tmp_path,
        BASE + "  - {name: x, when: {direction: internal, header: {name: X-A}}, then: seal}\n",
    )
    made = again(old, new, recorded(old, envelope(PARTNER), mail("Subject: x")))
    assert (made.same, made.untold) == (1, 0)


def test_other_settings_for_marks_make_marks_unknown(tmp_path):
    old = tried(tmp_path, BASE)
    new = tried(tmp_path, BASE.replace("rules:", "settings: {subject_tags: [safe]}\nrules:", 1))
    made = again(old, new, recorded(old, envelope(PARTNER), mail("Subject: [secure] x")))
    assert made.untold == 1
    assert "marks, which were looked for with other settings" in made.unknown


def test_attachments_and_their_findings_are_kept_where_a_rule_asked(tmp_path):
    asks = "  - {name: inside, when: {attachment: {kind: pdf, finds: upn}}, then: seal}\n"
    old = tried(tmp_path, BASE + asks)
    new = tried(tmp_path, BASE + asks.replace("finds: upn", "size_over: 1 KB"))
    file = Attachment(1, ("report.pdf",), "application/pdf", "pdf", 5000, State.READ)
    content = Content((Passage(Where.ATTACHMENT, "Hello.", 1),), (file,))
    made = again(old, new, recorded(old, envelope(PARTNER), mail("Subject: x"), content))
    (change,) = made.changes
    assert (change.before.outcome, change.after.outcome) == (Outcome.RELAY, Outcome.SEAL)
    assert change.after.rules == ("inside",)


def test_a_record_holds_nothing_of_the_mail(tmp_path):
    old = tried(tmp_path, BASE)
    found = mail(f"Subject: Zaphod {NHS_NUMBER}", "X-Zaphod: Zaphod", body=b"Zaphod")
    _, _, made = recorded(old, envelope(PARTNER, "zaphod@gmail.com"), found)
    text = json.dumps(made).lower()
    for word in ("zaphod", "943", "5919", "bloggs", "ann.clerk"):
        assert word not in text
    assert len(text) < 1000


def test_the_report_is_for_people_and_machines(tmp_path):
    old, new = tried(tmp_path, BASE), tried(tmp_path, CHANGES["a rule goes"][0])
    made = again(old, new, recorded(old, envelope(PARTNER), mail("Subject: [secure] x")))
    text = replay_report.text(made)
    assert "1 mails with 1 recipients, decided again:" in text
    assert "rule seal-marked fires 0 times instead of 1" in text
    said = "2026-11-24 10:00:00  example.gov.uk to partner.example.org: seal becomes relay"
    assert said in text
    machine = json.loads(replay_report.to_json(made))
    assert (machine["changed"], machine["cannot_tell"]) == (1, 0)
    assert machine["outcomes"] == [{"before": "seal", "after": "relay", "recipients": 1}]


def test_patterns_are_kept_by_their_ends():
    assert set(patterns_of("All.Staff_List+x")) == {
        "all-*",
        "*-list",
        "all-staff-*",
        "*-staff-list",
    }
    assert patterns_of("jo") == []


def case_records(policy: Tried):
    """Every golden case of the council, recorded as the gateway would."""
    for placed in read_cases(folder_of(COUNCIL)):
        raw = compose(placed)
        read = outline([raw])
        sender = None if placed.sender == NULL_SENDER else Address.parse(placed.sender)
        people = Envelope(
            sender=sender,
            recipients=tuple(map(Address.parse, placed.case.to)),
            own_domains=placed.domains,
            authenticated=True,
        )
        facts = policy.policy.facts(people, read, extract(read, [raw]), CaseKnowledge(placed.known))
        decisions = policy.policy.decide_on(facts)
        yield (
            NOW,
            policy.policy.digest,
            json.loads(json.dumps(record(facts, decisions, hashed, inside=True))),
        )


def test_whatever_is_told_about_the_councils_cases_is_so():
    """Decided again under another digest, nothing comes out otherwise, and most can be told."""
    source = loader.read(COUNCIL)
    old = Tried(source, loader.compiled(source))
    records = [(at, "another digest", made) for at, _, made in case_records(old)]
    made = replay(
        old,
        old,
        records,
        decided_by={"another digest": old},
        known=known_names((old.source,), hashed),
        own_domains=("example.gov.uk", ".schools.example.gov.uk"),
    )
    assert not made.changes
    recorded_outcomes = [entry["outcome"] for _, _, one in records for entry in one["to"]]
    assert made.recipients == len(recorded_outcomes)
    assert made.untold <= made.recipients // 10, made.unknown


WORDS = (
    BASE
    + """  - name: seal-minutes
    when: {direction: external, subject: {contains: [minutes, agenda]}}
    then: seal
"""
)
RELAXED = WORDS.replace("direction: external, flag: any", "direction: internal, flag: any")


def test_a_rule_that_stays_gives_the_answer_that_it_gave(tmp_path):
    old, new = tried(tmp_path, WORDS), tried(tmp_path, RELAXED)
    mails = [mail("Subject: [secure] x"), mail("Subject: [secure] the minutes"), mail("Subject: x")]
    made = again(old, new, *(recorded(old, envelope(PARTNER), one) for one in mails))
    assert (made.untold, made.same) == (0, 2)
    (change,) = made.changes
    assert (change.before.outcome, change.after.outcome) == (Outcome.SEAL, Outcome.RELAY)
    assert made.rules_after == {"seal-minutes": 1}


OTHERWISE = {
    "other words": RELAXED.replace("agenda", "report"),
    "another exception": RELAXED.replace("agenda]}}", "agenda]}}\n    except: {flag: any}"),
    "other marks": RELAXED.replace("rules:", "settings: {subject_tags: [private]}\nrules:"),
    "another group": RELAXED.replace("rules:", "groups: {x: {domains: y.example}}\nrules:"),
}


@pytest.mark.parametrize("name", OTHERWISE)
def test_a_rule_that_may_mean_something_else_is_asked_anew(name, tmp_path):
    old, new = tried(tmp_path, WORDS), tried(tmp_path, OTHERWISE[name])
    made = again(old, new, recorded(old, envelope(PARTNER), mail("Subject: x")))
    assert made.untold == 1
    assert "the words of the subject, which are never kept" in made.unknown


def test_a_shadow_that_comes_to_count_is_known(tmp_path):
    shadow = WORDS.replace("then: seal\n", "then: seal\n    shadow: yes\n")
    old, new = tried(tmp_path, shadow), tried(tmp_path, WORDS)
    mails = [mail("Subject: the minutes"), mail("Subject: x")]
    made = again(old, new, *(recorded(old, envelope(PARTNER), one) for one in mails))
    assert (made.untold, made.same, len(made.changes)) == (0, 1, 1)


def test_a_recipient_refused_by_name_says_nothing_of_rules_that_were_not_asked(tmp_path):
    refusing = (
        WORDS
        + "  - {name: no, when: {recipient: {domain: x.example}}, then: refuse, tell_sender: No.}\n"
    )
    old, new = tried(tmp_path, refusing), tried(tmp_path, WORDS)
    people = envelope("jo@x.example")
    decision = old.policy.decide_recipient(people, people.recipients[0])
    assert decision is not None
    made = again(old, new, (NOW, old.policy.digest, record_of_recipient(people, decision, hashed)))
    assert made.untold == 1
    assert "the words of the subject, which are never kept" in made.unknown
