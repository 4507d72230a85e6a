"""How senders mark a mail, and how marks hide in folded, encoded and repeated headers."""

import base64

import pytest

from policies.language.schema import Settings
from policies.message.flags import FlagReader
from policies.message.subject import Readings
from tests.policies.mails import mail

TENANT = "11111111-2222-4333-8444-555555555555"
LABEL = "66666666-7777-4888-9999-AAAAAAAAAAAA"
OTHER = "01234567-89ab-4def-8123-456789abcdef"
READER = FlagReader(
    Settings.model_validate(
        {"msip_labels": [{"called": "Secret sauce", "tenant": TENANT, "label": LABEL}]}
    )
)


def kinds(*headers: str | bytes, reader: FlagReader = READER) -> list[str]:
    return [flag.kind for flag in reader.flags(Readings(mail(*headers)))]


def test_an_ordinary_mail_has_no_flag():
    assert kinds("Subject: Agenda", "Importance: high", "X-Priority: 1") == []


@pytest.mark.parametrize(
    "value",
    [
        "Private",
        "private",
        "Company-Confidential",
        "company confidential",
        "Company_Confidential",
        "=?utf-8?q?Private?=",
        "Private (set by Outlook)",
        "\r\n Private",
        "Secret",
        "P\u200brivate",
    ],
)
def test_sensitivity_marks(value):
    assert kinds(f"Sensitivity: {value}") == ["sensitivity"]


@pytest.mark.parametrize("value", ["Personal", "Normal", "normal", "", "none"])
def test_sensitivity_that_says_nothing_about_risk(value):
    assert kinds(f"Sensitivity: {value}") == []


def test_the_second_of_two_sensitivities_counts():
    assert kinds("Sensitivity: Personal", "Sensitivity: Private") == ["sensitivity"]


def test_the_policy_chooses_the_sensitivities():
    reader = FlagReader(Settings.model_validate({"sensitivity": ["personal"]}))
    assert kinds("Sensitivity: Personal", reader=reader) == ["sensitivity"]
    assert kinds("Sensitivity: Private", reader=reader) == []


@pytest.mark.parametrize(
    "subject",
    [
        "[secure] Case review",
        "Case review [SECURE]",
        "Re: FW: [Encrypt] x",
        "[ confidential ] x",
        "x[secure]y",
        "=?utf-8?q?=5Bsecure=5D_x?=",
        "=?utf-8?b?" + base64.b64encode(b"[secure] x").decode() + "?=",
        "=?utf-8?q?=5Bsec?=\r\n =?utf-8?q?ure=5D_x?=",
        "［ｓｅｃｕｒｅ］ x",
        "[se\u200bcure] x",
        "[s\u0435cure] x",  # a Cyrillic letter
        "[sec\r\n ure] x [secure]",
        "\u202e]eruces[",
    ],
)
def test_tags_in_the_subject(subject):
    assert kinds(f"Subject: {subject}") == ["subject_tag"]


@pytest.mark.parametrize("subject", ["secure", "(secure)", "[secured]", "[in secure]", "[] secure"])
def test_what_is_no_tag(subject):
    assert kinds(f"Subject: {subject}") == []


@pytest.mark.parametrize(
    "subject",
    [
        "CONFIDENTIAL",
        "Re: CONFIDENTIAL: review",
        "OFFICIAL-SENSITIVE",
        "OFFICIAL SENSITIVE - x",
        "OFFICIAL – SENSITIVE",
        "OFFICIAL\u2011SENSITIVE",
        "OFFICIAL_SENSITIVE",
        "=?utf-8?q?CONFI?= =?utf-8?q?DENTIAL?=",
        "ＣＯＮＦＩＤＥＮＴＩＡＬ",
        "CONF\u00adIDENTIAL",
    ],
)
def test_markings_in_the_subject(subject):
    assert kinds(f"Subject: {subject}") == ["protective_marking"]


@pytest.mark.parametrize(
    "subject",
    ["Confidential waste sacks", "CONFIDENTIALITY training", "OFFICIAL", "SENSITIVE soil"],
)
def test_what_is_no_marking(subject):
    assert kinds(f"Subject: {subject}") == []


def test_a_marking_in_small_letters_is_matched_in_any_case():
    reader = FlagReader(Settings.model_validate({"protective_markings": ["Top secret"]}))
    assert kinds("Subject: TOP SECRET", reader=reader) == ["protective_marking"]
    assert kinds("Subject: top-secret", reader=reader) == ["protective_marking"]


def test_the_second_of_two_subjects_counts():
    assert kinds("Subject: Agenda", "Subject: [secure] x") == ["subject_tag"]


@pytest.mark.parametrize("value", ["yes", "Yes", "YES please", "true", "1", "on", "maybe", "ja"])
def test_protect_header(value):
    assert kinds(f"X-Sealgate-Protect: {value}") == ["protect_header"]


@pytest.mark.parametrize("value", ["no", "No", "false", "0", "off", ""])
def test_protect_header_that_says_no(value):
    assert kinds(f"X-Sealgate-Protect: {value}") == []


def test_no_takes_no_other_flag_away():
    assert kinds("X-Sealgate-Protect: no", "Subject: [secure] x") == ["subject_tag"]
    assert kinds("X-Sealgate-Protect: no", "x-sealgate-protect: yes") == ["protect_header"]


@pytest.mark.parametrize("name", ["X-Sealgate-Expires", "x-sealgate-not-before"])
def test_who_limits_the_lifetime_wants_the_mail_sealed(name):
    assert kinds(f"{name}: 14 days") == ["protect_header"]


def label(tenant: str = TENANT, label: str = LABEL, enabled: str = "true") -> str:
    prefix = f"MSIP_Label_{label}_"
    facts = {
        "Enabled": enabled,
        "SetDate": "2026-11-20T09:00:00Z",
        "Method": "Privileged",
        "Name": "Secret sauce",
        "SiteId": tenant,
        "ActionId": OTHER,
        "ContentBits": "1",
    }
    return "; ".join(f"{prefix}{key}={value}" for key, value in facts.items())


MANY = "; ".join(label(OTHER, f"{OTHER[:-2]}{n}") for n in range(10, 40))  # some 12,000 characters


@pytest.mark.parametrize(
    "header",
    [
        f"msip_labels: {label()}",
        f"MSIP_Labels: {label().lower()}",
        f"msip_labels: {label(enabled='True')};",
        "msip_labels:\r\n " + label().replace("; ", ";\r\n\t"),
        f"msip_labels: {label(OTHER, OTHER)}; {label()}",
        f"msip_labels: {MANY}; {label()}",
        f"msip_labels: {label(OTHER, OTHER)}\r\nmsip_labels: {label()}",
        f"msip_labels: {label().replace('6666-7777', '6666-' + chr(13) + chr(10) + ' 7777')}",
    ],
)
def test_our_label_marks(header):
    assert kinds(header) == ["sensitivity_label"]


@pytest.mark.parametrize(
    "header",
    [
        f"msip_labels: {label(tenant=OTHER)}",
        f"msip_labels: {label(label=OTHER)}",
        f"msip_labels: {label(enabled='false')}",
        f"msip_labels: {label(OTHER, LABEL)}; {label(TENANT, OTHER)}",
        f"x-labels: {label()}",
        "msip_labels: MSIP_Label_" + LABEL + "_Enabled=true",
        "msip_labels:",
    ],
)
def test_labels_that_are_not_ours(header):
    assert kinds(header) == []


def test_without_a_configured_label_none_counts():
    assert kinds(f"msip_labels: {label()}", reader=FlagReader(Settings())) == []


def test_flags_say_where_without_quoting_the_mail():
    flags = READER.flags(
        Readings(
            mail("Subject: [secure] Zaphod", "Sensitivity: Zaphod", "X-Sealgate-Protect: Zaphod")
        )
    )
    assert [flag.where for flag in flags] == [
        "the Sensitivity header",
        "the tag [secure] in the subject",
        "the X-Sealgate-Protect header",
    ]


@pytest.mark.parametrize("name", ["Subject", "Sensitivity", "msip_labels", "X-Sealgate-Protect"])
def test_hostile_headers_are_read_without_a_crash(name):
    for raw in (b"\xff\xfe\x00", b"=?x?b?=?=" * 500, b"[" * 5000, b"(" * 5000, b"OFFICIAL " * 1000):
        READER.flags(Readings(mail(name.encode() + b": " + raw)))


def test_a_subject_is_shown_without_its_tags():
    reader = FlagReader(Settings(subject_tags=["secure", "top secret"]))
    assert reader.untagged("Re: [ Secure ] a [TOP  SECRET] b [secured]") == "Re: a b [secured]"
    assert reader.untagged("[secure]") == ""
    assert FlagReader(Settings(subject_tags=[])).untagged("[secure] x") == "[secure] x"
