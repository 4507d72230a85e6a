"""The council policy that ships: what it refuses, seals and relays."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.decision import Outcome
from policies.detectors import DETECTORS
from policies.detectors.groups import members
from policies.language.loader import load
from policies.language.schema import FLAG_KINDS
from policies.message.subject import Readings
from policies.trials import explain_report
from policies.trials.explain import explain
from tests.policies.mails import COUNCIL, NHS_NUMBER, PARTNER, envelope, mail
from vault.address import Address

POLICY = load(COUNCIL)
INSIDE = "bob@example.gov.uk"
TENANT = "11111111-2222-4333-8444-555555555555"
LABEL = "66666666-7777-4888-9999-aaaaaaaaaaaa"
OURS = f"MSIP_Label_{LABEL}_Enabled=true; MSIP_Label_{LABEL}_SiteId={TENANT}; "
THEIRS = OURS.replace("1111", "9999").replace("6666", "8888")


def outcome(recipient: str, *headers: str | bytes) -> str:
    (decision,) = POLICY.decide(envelope(recipient), mail(*headers))
    return str(decision.outcome)


FINDINGS = {
    "nhs_number": f"Patient {NHS_NUMBER}",
    "national_insurance_number": "NI number AB 12 34 56 C",
    "upn": "UPN A123456789012 report",
    "postcode": "Visit to LS1 4AP",
    "date_of_birth": "Sam, DOB 14/03/2012",
    "phone": "Please ring 07700 900123",
    "email_address": "Reply to zaphod.beeblebrox@gmail.com",
    "payment_card": "Card 4111 1111 1111 1111",
    "chi_number": "CHI 0101908156",
    "health_and_care_number": "H&C number 345 976 2608",
    "uln": "ULN 4857773456",
    "utr": "UTR 2632870896",
    "driving_licence": "Licence MORGA657054SM9IJ",
    "passport": "Passport no 925665416",
    "vehicle_registration": "PCN appeal LF21 SVP",
    "bank_account": "Refund to 20-81-94 27460760",
    "iban": "IBAN GB82 WEST 1234 5698 7654 32",
    "staff_number": "Staff number 544052",
    "address": "Missed bin, 12 Mill Lane",
    "password": "The password is Harbour-42-Lamp",
}


def upn() -> str:
    """Return a made-up pupil number with the right check letter (mod 23 over weights 2 to 13)."""
    digits = "815400112001"
    total = sum(int(digit) * weight for digit, weight in zip(digits, range(2, 14), strict=True))
    return "ABCDEFGHJKLMNPQRTUVWXYZ"[total % 23] + digits


FINDINGS["upn"] = f"UPN {upn()} report"


def test_every_detector_is_used():
    assert set(FINDINGS) == set(members("identifiers", DETECTORS)) - {"case_reference"}


@pytest.mark.parametrize("detector", FINDINGS)
@pytest.mark.parametrize("header", ["Subject", "SUBJECT", "Thread-Topic"])
@pytest.mark.parametrize("recipient", [INSIDE, PARTNER])
def test_personal_data_in_the_subject_is_refused(detector, header, recipient):
    (decision,) = POLICY.decide(envelope(recipient), mail(f"{header}: {FINDINGS[detector]}"))
    assert decision.outcome is Outcome.REFUSE
    assert decision.because[0].rule == "no-personal-data-in-subject"
    assert DETECTORS[detector].label in decision.because[0].text
    assert DETECTORS[detector].label in decision.tell_sender


DIGITS = NHS_NUMBER.replace(" ", "")
LABELLED = b"NHS " + DIGITS.encode()
HIDING = {
    "second subject": (f"Subject: Agenda\r\nSubject: {NHS_NUMBER}",),
    "first subject": (f"Subject: {NHS_NUMBER}\r\nSubject: Agenda",),
    "thread topic": ("Subject: Agenda", f"Thread-Topic: {NHS_NUMBER}"),
    "encoded words": (f"Subject: =?utf-8?q?NHS_{DIGITS[:5]}?= =?utf-8?q?{DIGITS[5:]}?=",),
    "base64": (f"Subject: =?utf-8?b?{base64.b64encode(LABELLED).decode()}?=",),
    "utf-16": (
        f"Subject: =?utf-16?b?{base64.b64encode(LABELLED.decode().encode('utf-16')).decode()}?=",
    ),
    "folded": (f"Subject: Patient\r\n {DIGITS[:3]}\r\n {DIGITS[3:6]}\r\n {DIGITS[6:]}",),
    "full width": ("Subject: NHS " + "".join(chr(ord(d) + 0xFEE0) for d in DIGITS),),
    "zero width": ("Subject: NHS " + "\u200b".join(DIGITS),),
    "soft hyphens": ("Subject: NHS " + "\u00ad".join(DIGITS),),
    "no-break spaces": ("Subject: " + NHS_NUMBER.replace(" ", "\u00a0"),),
    "dashes": ("Subject: " + NHS_NUMBER.replace(" ", "\u2013"),),
    "mathematical": ("Subject: NHS " + "".join(chr(0x1D7CE + int(d)) for d in DIGITS),),
    "backwards": ("Subject: \u202e" + NHS_NUMBER[::-1] + " SHN",),
    "raw latin-1": (b"Subject: caf\xe9 " + NHS_NUMBER.encode(),),
}


@pytest.mark.parametrize("trick", HIDING)
def test_hidden_personal_data_never_leaves_in_the_clear(trick):
    assert outcome(PARTNER, *HIDING[trick]) == "refuse"


@pytest.mark.parametrize(
    "subject",
    [
        "Agenda for the Planning Committee, Tuesday 24 November 2026",
        "Invoice 4857773456 from Acme Ltd",
        "Order 123456789 has shipped",
        "Road closure in LS1",
        "Re: FW: Minutes v2.10.3 (final)",
        "Budget 2026/27: £1,234,567",
        "Enquiries to info@example.gov.uk",
        "",
    ],
)
def test_ordinary_mail_is_relayed(subject):
    assert outcome(PARTNER, f"Subject: {subject}") == "relay"


@pytest.mark.parametrize(
    "recipient",
    [
        "someone@gmail.com",
        "Someone+council@GMAIL.com",
        "a@googlemail.com",
        "a@hotmail.co.uk",
        "a@outlook.com",
        "a@yahoo.co.uk",
        "a@icloud.com",
        "a@btinternet.com",
        "a@proton.me",
    ],
)
def test_personal_webmail_is_refused_at_rcpt_and_after_data(recipient):
    early = POLICY.decide_recipient(envelope(recipient), Address.parse(recipient))
    assert early is not None
    assert early.because[0].rule == "no-personal-webmail"
    assert outcome(recipient, "Subject: x") == "refuse"
    assert outcome(recipient, "Subject: [secure] x") == "refuse"


@pytest.mark.parametrize(
    "recipient", ["a@gmail.com.example.org", "a@notgmail.com", "gmail.com@example.org"]
)
def test_what_only_looks_like_webmail(recipient):
    assert outcome(recipient, "Subject: x") == "relay"


@pytest.mark.parametrize(
    "local",
    ["info", "INFO", "enquiries", "headteacher", "head.teacher", "office", "admin", "info+x"],
)
def test_generic_mailboxes_are_refused_outside_only(local):
    recipient = f"{local}@school.example.org"
    early = POLICY.decide_recipient(envelope(recipient), Address.parse(recipient))
    assert early is not None
    assert early.because[0].rule == "no-generic-mailboxes"
    assert outcome(f"{local}@example.gov.uk", "Subject: x") == "relay"


def test_a_named_person_is_no_generic_mailbox():
    assert outcome("ian.fofanah@school.example.org", "Subject: x") == "relay"


def test_approved_addresses_are_excepted_from_the_two_rules_about_addresses(tmp_path):
    text = COUNCIL.read_text(encoding="utf-8")
    approved = "entries: [Carers@gmail.com, info@school.example.org]"
    copy = tmp_path / "council.yaml"
    copy.write_text(text.replace("entries: []", approved, 1), encoding="utf-8")
    policy = load(copy)

    def decided(recipient: str, *headers: str) -> str:
        return str(policy.decide(envelope(recipient), mail(*headers))[0].outcome)

    assert decided("carers@gmail.com", "Subject: x") == "relay"
    assert decided("info@school.example.org", "Subject: x") == "relay"
    assert decided("other@gmail.com", "Subject: x") == "refuse"
    assert decided("carers@gmail.com", "Subject: [secure] x") == "seal"
    assert decided("carers@gmail.com", f"Subject: {NHS_NUMBER}") == "refuse"


def test_the_variant_in_the_comments_seals_mail_to_personal_webmail(tmp_path):
    lines = COUNCIL.read_text(encoding="utf-8").splitlines()
    at = lines.index("  - name: no-personal-webmail")
    then = lines.index("    then: refuse", at)
    assert lines[then + 1].strip() == "tell_sender: >-"
    copy = tmp_path / "council.yaml"
    copy.write_text("\n".join([*lines[:then], "    then: seal", *lines[then + 4 :]]) + "\n")
    (decision,) = load(copy).decide(envelope("a@gmail.com"), mail("Subject: x"))
    assert decision.outcome is Outcome.SEAL


MARKED = {
    "sensitivity private": ("Sensitivity: Private",),
    "sensitivity company": ("Sensitivity: Company-Confidential",),
    "tag secure": ("Subject: [secure] x",),
    "tag encrypt": ("Subject: Re: [ENCRYPT] x",),
    "tag confidential": ("Subject: x [Confidential]",),
    "marking": ("Subject: CONFIDENTIAL x",),
    "marking official": ("Subject: OFFICIAL-SENSITIVE: x",),
    "header": ("X-Sealgate-Protect: yes",),
    "expiry header": ("X-Sealgate-Expires: 14 days",),
    "label": (f"msip_labels: {OURS}",),
    "second label": (f"msip_labels: {THEIRS}{OURS}",),
    "folded label": ("msip_labels: " + (THEIRS + OURS).replace("; ", ";\r\n "),),
}


@pytest.mark.parametrize("name", MARKED)
def test_marked_mail_is_sealed_outside_and_relayed_inside(name):
    inside, outside = POLICY.decide(envelope(INSIDE, PARTNER), mail(*MARKED[name]))
    assert (inside.outcome, outside.outcome) == (Outcome.RELAY, Outcome.SEAL)
    assert outside.expires_after is not None
    assert outside.expires_after.days == 30
    assert outside.reply_allowed is True
    assert outside.because[0].rule == "seal-marked-mail"


@pytest.mark.parametrize(
    "headers",
    [
        ("Sensitivity: Personal",),
        ("X-Sealgate-Protect: no",),
        (f"msip_labels: {THEIRS}",),
        ("Subject: confidential waste sacks",),
        ("Subject: security review",),
    ],
)
def test_what_marks_nothing(headers):
    assert outcome(PARTNER, *headers) == "relay"


def test_each_kind_of_flag_is_tried_above():
    found = {
        flag.kind
        for headers in MARKED.values()
        for flag in POLICY.reader.flags(Readings(mail(*headers)))
    }
    assert found == set(FLAG_KINDS)


def test_mixed_recipients_each_get_their_own():
    people = envelope(INSIDE, PARTNER, "a@gmail.com")
    decisions = POLICY.decide(people, mail("Subject: [secure] x"))
    assert [str(decision.outcome) for decision in decisions] == ["relay", "seal", "refuse"]


def test_what_the_sender_is_told_can_be_acted_on():
    for rule in POLICY.rules:
        if rule.then is Outcome.REFUSE:
            assert rule.tell_sender.startswith("Not sent")
            assert len(rule.tell_sender) < 180
            assert rule.tell_sender.count(". ") >= 1 or ": " in rule.tell_sender
    everything = " ".join(FINDINGS.values())
    (decision,) = POLICY.decide(envelope(PARTNER), mail(f"Subject: {everything}"))
    assert len(decision.tell_sender) < 180
    assert decision.tell_sender.isascii()


def test_no_reason_quotes_the_mail():
    everything = " ".join(FINDINGS.values())
    for decision in POLICY.decide(envelope(PARTNER, "a@gmail.com"), mail(f"Subject: {everything}")):
        shown = repr(decision).replace(str(decision.recipient), "")
        for value in (NHS_NUMBER, "LS1", "900123", "zaphod", "1111", "2012"):
            assert value not in shown


HEADERS = ["Subject", "Thread-Topic", "Sensitivity", "msip_labels", "X-Sealgate-Protect"]
PIECES = [
    *(b"=?utf-8?b?", b"=?utf-7?q?", b"?=", b"\xff", b"\0", b"\r\n ", b"\xe2\x80\xae"),
    *(b"[secure]", b"CONFIDENTIAL", b"Private", b"MSIP_Label_", b";", b"=", b"[", b"("),
    *(b"943 476 5919", b"LS1 4AP"),
]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(HEADERS),
            st.one_of(st.binary(max_size=60), st.lists(st.sampled_from(PIECES)).map(b"".join)),
        ),
        max_size=5,
    )
)
def test_any_headers_are_decided_and_explained(pairs):
    outline = mail(*(name.encode() + b": " + value for name, value in pairs))
    people = envelope(INSIDE, PARTNER)
    decisions = POLICY.decide(people, outline)
    assert decisions == POLICY.decide(people, outline)
    if outline.problems:
        assert decisions[1].outcome in {Outcome.REFUSE, Outcome.SEAL}
    assert explain_report.text(explain(POLICY, people, outline)).replace("\n", "").isprintable()
