"""An explanation agrees with the decision and never shows what was found."""

import base64
import json
import re

import pytest

from policies.language.loader import load, load_text
from policies.trials import explain_report
from policies.trials.explain import explain
from tests.policies.mails import COUNCIL, NHS_NUMBER, PARTNER, envelope, mail

POLICY = load(COUNCIL)
EVERYBODY = envelope("a@example.gov.uk", PARTNER, "someone@gmail.com", "info@partner.example.org")
MAILS = {
    "plain": mail("Subject: Agenda for Tuesday"),
    "found": mail(f"Subject: Patient {NHS_NUMBER}", "Thread-Topic: Agenda"),
    "marked": mail("Subject: [secure] Agenda", "Sensitivity: Private"),
    "both": mail(f"Subject: [secure] {NHS_NUMBER}", "X-Sealgate-Expires: 3 days"),
    "no subject": mail(),
    "unreadable": mail("Subject: a", "Subject: b", "From: Somebody Else <x@example.gov.uk>"),
}


@pytest.mark.parametrize("name", MAILS)
def test_the_trace_agrees_with_the_decision(name):
    made = explain(POLICY, EVERYBODY, MAILS[name])
    assert tuple(trace.decision for trace in made.traces) == POLICY.decide(EVERYBODY, MAILS[name])
    for trace in made.traces:
        assert [step.rule for step in trace.steps] == [rule.name for rule in POLICY.rules]
        fired = [(step.rule, step.line, step.why) for step in trace.steps if step.fired]
        told = [(r.rule, r.line, r.text) for r in trace.decision.because if r.line]
        assert fired == told


def test_the_text_reads_like_this():
    text = explain_report.text(explain(POLICY, envelope(PARTNER), MAILS["both"]))
    assert 'subject: "[secure] *** *** ****"    found: an NHS number' in text
    assert f"To {PARTNER}: refuse" in text
    assert "fired  no-personal-data-in-subject" in text
    assert "The recipient's address is not on the list personal_webmail." in text
    assert "The sender is told: Not sent to anyone: the subject seems to contain an NHS" in text
    assert "marked by: the tag [secure] in the subject" in text


def test_a_sealed_mail_shows_its_terms():
    text = explain_report.text(explain(POLICY, envelope(PARTNER), MAILS["marked"]))
    assert f"To {PARTNER}: seal (expires after 30 days, replies allowed)" in text


def test_an_uninspectable_mail_says_so():
    made = explain(POLICY, envelope(PARTNER), MAILS["unreadable"])
    assert made.problems
    assert "fired  uninspectable (built in, seal)" in explain_report.text(made)
    assert "cannot be fully inspected: " in explain_report.text(made)


def test_an_exception_is_named():
    policy = load_text(
        "version: 1\nrules:\n  - name: seal-out\n    when: {direction: external}\n"
        "    except: {recipient: {domain: .example.org}}\n    then: seal\n"
    )
    text = explain_report.text(explain(policy, envelope(PARTNER), MAILS["plain"]))
    assert "Its exception holds: The recipient's address is at .example.org." in text


def test_the_json_holds_the_same():
    made = json.loads(explain_report.to_json(explain(POLICY, EVERYBODY, MAILS["both"])))
    assert made["policy"] == "council"
    assert made["digest"] == POLICY.digest
    assert [entry["outcome"] for entry in made["recipients"]] == ["refuse"] * 4
    assert made["subjects"][0]["found"] == ["an NHS number"]
    rule = made["recipients"][1]["rules"][0]
    assert rule["name"] == "no-personal-data-in-subject"
    assert rule["fired"] is True
    assert made["recipients"][1]["because"][0]["line"] == rule["line"]
    sealed = json.loads(explain_report.to_json(explain(POLICY, envelope(PARTNER), MAILS["marked"])))
    assert sealed["recipients"][0]["expires_after_seconds"] == 30 * 24 * 3600
    assert sealed["recipients"][0]["reply_allowed"] is True


ENCODED = base64.b64encode(f"x {NHS_NUMBER}".encode()).decode()
HIDDEN = {
    "nhs_number": ("Subject: x " + NHS_NUMBER, "9434765919"),
    "full width": ("Subject: x ９４３ ４７６ ５９１９", "9434765919"),
    "zero width": ("Subject: NHS 943\u200b476\u200b5919", "9434765919"),
    "encoded": (f"Subject: =?utf-8?b?{ENCODED}?=", "9434765919"),
    "encoded and plain": (f"Subject: =?bogus-charset?b?{ENCODED}?= {NHS_NUMBER}", "9434765919"),
    "thread topic": (f"Thread-Topic: {NHS_NUMBER}", "9434765919"),
    "found in one, not in the other": (
        f"Subject: NHS {NHS_NUMBER}\r\nThread-Topic: version 9434765919x",
        "9434765919",
    ),
    "backwards": ("Subject: \u202e9195 674 349\u202c SHN", "9195674349"),
    "a name elsewhere": (
        "Subject: zaphod.beeblebrox@gmail.com\r\nThread-Topic: Zaphod came",
        "zaphod",
    ),
    "nino": ("Subject: NI number AB 12 34 56 C", "123456"),
    "card": ("Subject: card 4111 1111 1111 1111", "4111111111111111"),
    "phone": ("Subject: ring me on 07700 900123", "07700900123"),
    "postcode": ("Subject: visit to LS1 4AP", "LS14AP"),
    "email": ("Subject: from zaphod.beeblebrox@gmail.com", "zaphod"),
    "born": ("Subject: Zaphod, born 14/03/2012", "14032012"),
}


def squeezed(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


@pytest.mark.parametrize("name", HIDDEN)
def test_the_value_is_nowhere_in_the_explanation(name):
    header, value = HIDDEN[name]
    made = explain(POLICY, envelope(PARTNER), mail(header))
    assert any(shown.found for shown in made.subjects), "nothing was found"
    for output in (
        explain_report.text(made),
        json.dumps(json.loads(explain_report.to_json(made))["subjects"]),
    ):
        assert squeezed(value) not in squeezed(output)
        assert ENCODED not in output


def test_short_letters_of_a_finding_are_masked_too():
    made = explain(POLICY, envelope(PARTNER), mail("Subject: visit to LS1 4AP"))
    assert made.subjects[0].text == "visit to *** ***"


def test_a_clean_subject_is_shown_as_it_is():
    made = explain(POLICY, envelope(PARTNER), mail("Subject: =?utf-8?q?Room_12_caf=C3=A9?="))
    assert made.subjects[0].text == "Room 12 café"


def test_control_characters_never_reach_the_terminal():
    text = explain_report.text(
        explain(POLICY, envelope(PARTNER), mail(b"Subject: a\x1b[31mb\x07 =?utf-8?q?=1B[2J?="))
    )
    assert text.replace("\n", "").isprintable()


def test_the_terms_of_a_copy_and_the_note_to_the_sender_are_shown():
    policy = load_text(
        "version: 1\nrules:\n  - name: partner\n    when: {direction: external}\n    then: relay\n"
        "    relay: {tls: verified, route: police}\n    add: {delete_after_use: yes}\n"
        "    subject: neutral\n    remove_headers: internal\n"
        "  - name: look-again\n    when: {subject: {finds: nhs_number}}\n    then: warn\n"
        '    tell_sender: "The subject seems to contain {found}."\n'
    )
    made = explain(policy, envelope(PARTNER), MAILS["found"])
    text = explain_report.text(made)
    words = (
        "route police, TLS verified, else seal, neutral subject, statement added, without internal"
    )
    assert f"To {PARTNER}: relay ({words})" in text
    assert "fired  look-again (line 10, warn)" in text
    sentence = "The subject seems to contain an NHS number."
    assert f"The sender is sent a note (look-again): {sentence}" in text
    (recipient,) = json.loads(explain_report.to_json(made))["recipients"]
    assert recipient["terms"] == words.split(", ")
    assert recipient["notes"] == [{"rule": "look-again", "line": 10, "text": sentence}]
    assert NHS_NUMBER not in text
