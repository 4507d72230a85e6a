"""The starters that ship: they load, say what they are for, and keep their promises."""

from pathlib import Path

import pytest
import yaml

from policies.decision import Decision, Outcome
from policies.engine import Policy
from policies.extraction.passages import Attachment, Content, Passage, State, Where
from policies.language.loader import STARTER, load
from tests.policies.conditions.asking import Known, texts
from tests.policies.mails import NHS_NUMBER, envelope, mail

PATHS = sorted(STARTER.glob("*.yaml"))
POLICIES = {path.stem: load(path) for path in PATHS}
LABELLED = f"NHS number {NHS_NUMBER}"
OUTSIDE, PARTNER, INSIDE = "jo@charity.example", "jo@justice.gov.uk", "bob@example.gov.uk"
WEBMAIL = "someone@gmail.com"
every = pytest.mark.parametrize("name", POLICIES)


def decide(
    name: str,
    *headers: str,
    to: str | list[str] = OUTSIDE,
    content: Content = Content(),  # noqa: B008 - frozen
    known: Known | None = None,
    policy: Policy | None = None,
    sender: str = "ann.clerk@example.gov.uk",
) -> Decision:
    recipients = [to] if isinstance(to, str) else to
    return (policy or POLICIES[name]).decide(
        envelope(*recipients, sender=sender),
        mail(*(headers or ("Subject: Agenda",))),
        content,
        known or Known(),
    )[0]


def test_there_are_four() -> None:
    assert list(POLICIES) == ["charity", "council", "health", "school"]


@every
def test_a_starter_explains_itself(name: str) -> None:
    text = (STARTER / f"{name}.yaml").read_text("utf-8")
    lines = text.splitlines()
    comments = [line for line in lines if line.strip().startswith("#")]
    assert len(comments) > len(lines) / 5
    assert f"sealgate policy check {name}.yaml" in text
    assert all(len(line) <= 100 for line in lines)
    rules = yaml.safe_load(text)["rules"]
    assert len({rule["name"] for rule in rules}) == len(rules) >= 10


@every
def test_what_the_sender_is_told_says_what_to_do(name: str) -> None:
    for rule in POLICIES[name].rules:
        if rule.tell_sender:
            start = rule.tell_sender.split(":")[0].split(".")[0]
            assert start.startswith(("Not sent", "Waiting", "Your mail was sent", "Please check"))


@every
def test_ordinary_mail_goes_out_as_it_is(name: str) -> None:
    letter = texts(body="Dear Jo,\nplease find the agenda below.\nKind regards\nAnn Clerk\n"
                        "01632 960123, LS1 4AP, ann.clerk@example.gov.uk")  # fmt: skip
    for to in (OUTSIDE, PARTNER, INSIDE):
        decision = decide(name, to=to, content=letter)
        assert (decision.outcome, decision.because) == (Outcome.RELAY, ())
        assert not decision.relay.demanding


@every
@pytest.mark.parametrize("where", ["body", "attachment", "attachment_name"])
def test_personal_data_is_sealed_outside_and_goes_by_verified_tls_to_partners(
    name: str, where: str
) -> None:
    content = texts(**{where: LABELLED})
    assert decide(name, content=content).outcome is Outcome.SEAL
    partner = decide(name, to=PARTNER, content=content)
    assert partner.outcome is Outcome.RELAY
    assert list(partner.words())[:2] == ["TLS verified", "else seal"]
    assert decide(name, to=INSIDE, content=content).outcome is Outcome.RELAY


@every
def test_a_partner_on_the_list_of_exceptions_gets_it_sealed(name: str, tmp_path: Path) -> None:
    text = (STARTER / f"{name}.yaml").read_text("utf-8")
    head, _, tail = text.partition("  tls_exceptions:\n")
    copy = tmp_path / "copy.yaml"
    copy.write_text(head + "  tls_exceptions:\n" + tail.replace("[]", "[justice.gov.uk]", 1))
    content = texts(body=LABELLED)
    policy = load(copy)
    assert decide(name, to=PARTNER, content=content, policy=policy).outcome is Outcome.SEAL


@every
def test_personal_data_in_the_subject_never_leaves_as_it_is(name: str) -> None:
    for to in (OUTSIDE, PARTNER):
        decision = decide(name, f"Subject: Patient {NHS_NUMBER}", to=to)
        assert decision.outcome in {Outcome.REFUSE, Outcome.HOLD}
        assert "an NHS number" in decision.tell_sender


@every
def test_marked_mail_is_sealed_outside(name: str) -> None:
    assert decide(name, "Subject: [secure] Agenda").outcome is Outcome.SEAL
    assert decide(name, "Subject: [secure] Agenda", to=INSIDE).outcome is Outcome.RELAY
    partner = decide(name, "Subject: [secure] Agenda", to=PARTNER)
    assert partner.relay.demanding


@every
def test_an_encrypted_attachment_is_sealed_outside(name: str) -> None:
    locked = Attachment(1, ("a.zip",), "application/zip", "zip", 9, State.ENCRYPTED)
    decision = decide(name, content=Content(attachments=(locked,)))
    assert decision.outcome is Outcome.SEAL


@every
def test_many_visible_addresses_are_refused(name: str) -> None:
    crowd = ", ".join(f"p{n}@charity{n}.example" for n in range(11))
    decision = decide(name, "Subject: Agenda", f"Cc: {crowd}")
    assert decision.outcome is Outcome.REFUSE
    assert "Bcc" in decision.tell_sender


@every
def test_a_near_miss_is_pointed_out(name: str) -> None:
    often = Known(often=("jo.bloggs@charity.example",))
    letter = texts(body=LABELLED)
    decision = decide(name, to="jo.blogs@charity.example", content=letter, known=often)
    told = decision.tell_sender + "".join(note.text for note in decision.notes)
    assert "looks like another" in told


# The council's protocol.


def test_the_council_holds_where_the_comment_says_how(tmp_path: Path) -> None:
    text = (STARTER / "council.yaml").read_text("utf-8")
    assert 'replace "then: refuse" by "then: hold"' in text
    copy = tmp_path / "council.yaml"
    copy.write_text(text.replace("then: refuse", "then: hold", 2).replace("then: hold", "x", 0))
    at = text.index("  - name: no-personal-data-in-subject")
    copy.write_text(text[:at] + text[at:].replace("then: refuse", "then: hold", 1))
    decision = decide("council", f"Subject: Patient {NHS_NUMBER}", policy=load(copy))
    assert decision.outcome is Outcome.HOLD


def test_the_council_refuses_personal_data_for_many() -> None:
    crowd = [f"p{n}@charity{n}.example" for n in range(11)]
    content = texts(body=LABELLED)
    assert decide("council", to=crowd, content=content).outcome is Outcome.REFUSE
    assert decide("council", to=crowd[:10], content=content).outcome is Outcome.SEAL


def test_the_council_seals_lists_of_people() -> None:
    phones = "\n".join(f"Tel. 01632 960{number:03}" for number in range(30))
    assert decide("council", content=texts(attachment=phones)).outcome is Outcome.SEAL
    assert decide("council", content=texts(body=phones[:60])).outcome is Outcome.RELAY


# The others.


def test_parents_may_be_written_to_at_their_webmail() -> None:
    for name in ("school", "charity", "health"):
        assert decide(name, to=WEBMAIL).outcome is Outcome.RELAY
    assert decide("council", to=WEBMAIL).outcome is Outcome.REFUSE


def test_a_school_seals_the_words_of_safeguarding() -> None:
    decision = decide("school", content=texts(body="Minutes of the child protection conference"))
    assert decision.outcome is Outcome.SEAL


def register() -> Content:
    rows = "\n".join(f"DOB {day:02}/03/2012" for day in range(1, 25))
    sheet = Attachment(1, ("register.xlsx",), "", "xlsx", 9)
    return Content((Passage(Where.ATTACHMENT, rows, 1),), (sheet,))


def test_only_the_data_office_sends_registers() -> None:
    assert decide("school", content=register()).outcome is Outcome.REFUSE
    decision = decide("school", content=register(), sender="data.manager@example.gov.uk")
    assert decision.outcome is Outcome.SEAL


def test_a_charity_never_sends_card_numbers() -> None:
    card = texts(body="Card number 4111 1111 1111 1111")
    for to in (OUTSIDE, PARTNER, INSIDE):
        assert decide("charity", to=to, content=card).outcome is Outcome.REFUSE


def test_a_charity_looks_again_at_lists_for_somebody_new() -> None:
    assert decide("charity", content=register()).outcome is Outcome.HOLD
    known = Known(sent=(OUTSIDE,))
    assert decide("charity", content=register(), known=known).outcome is Outcome.SEAL


def test_an_agreement_lets_mail_go_by_tls_until_it_expires() -> None:
    from datetime import datetime

    content, hospice = texts(body=LABELLED), "nurse@hospice.example.org"
    now = decide("health", to=hospice, content=content)
    assert (now.outcome, now.relay.demanding) == (Outcome.RELAY, True)
    late = Known(now=datetime.fromisoformat("2029-04-01T12:00:00+00:00"))
    assert decide("health", to=hospice, content=content, known=late).outcome is Outcome.SEAL


def test_many_patients_wait_for_information_governance() -> None:
    rows = "\n".join(f"DOB {1 + n % 28:02}/{1 + n // 28:02}/1950" for n in range(60))
    content = texts(attachment=rows)
    decision = decide("health", content=content)
    assert decision.outcome is Outcome.HOLD
    assert decide("health", content=content, sender="ig@example.nhs.uk").outcome is Outcome.SEAL
