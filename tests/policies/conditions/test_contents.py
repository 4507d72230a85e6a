"""Conditions about what a mail says: subject, text, attachments, headers, markings."""

import pytest

from policies.detectors import DETECTORS
from policies.detectors.groups import GROUPS, group_of, members
from policies.extraction.passages import Attachment, Content, Passage, State, Where
from policies.facts import Facts
from tests.policies.conditions.asking import attached, policy, texts, why
from tests.policies.mails import NHS_NUMBER, envelope, mail

OTHER_NHS_NUMBER = "401 023 2137"
LABELLED = f"NHS number {NHS_NUMBER}"


@pytest.mark.parametrize(
    ("where", "fires"),
    [
        ("subject", ()),
        ("body", ("body",)),
        ("attachment", ("attachment", "attachment_name")),
        ("anywhere", ("body", "attachment", "attachment_name", "subject")),
    ],
)
def test_findings_count_where_the_condition_looks(where: str, fires: tuple[str, ...]) -> None:
    rules = policy(f"{{{where}: {{finds: nhs_number}}}}")
    for place in ("body", "attachment", "attachment_name"):
        assert bool(why(rules, content=texts(**{place: LABELLED}))) is (place in fires)
    assert bool(why(rules, f"Subject: {LABELLED}")) is (where in {"subject", "anywhere"})
    inner = texts(subject=LABELLED)  # a second subject, inside the mail
    assert bool(why(rules, content=inner)) is (where in {"subject", "anywhere"})


def test_why_names_the_place_and_the_kind_and_never_the_value() -> None:
    said = why(policy("{body: {finds: any}}"), content=texts(body=LABELLED))
    assert said.startswith("The text seems to contain an NHS number")
    assert NHS_NUMBER not in said


def test_at_least_counts_different_values_once_each() -> None:
    rules = policy("{anywhere: {finds: nhs_number, at_least: 2}}")
    squeezed = LABELLED.replace(NHS_NUMBER, NHS_NUMBER.replace(" ", ""))
    once = texts(body=[LABELLED, squeezed], attachment=LABELLED)
    assert not why(rules, content=once)
    twice = texts(body=f"{LABELLED}\nNHS number {OTHER_NHS_NUMBER}")
    assert "2 different values" in why(rules, content=twice)


def test_severity_and_confidence_are_minima() -> None:
    phone = texts(body="Please ring 07700 900123")
    severity = DETECTORS["phone"].severity.name.lower()
    assert why(policy(f"{{body: {{finds: phone, severity: {severity}}}}}"), content=phone)
    assert not why(policy("{body: {finds: phone, severity: critical}}"), content=phone)
    assert why(policy("{body: {severity: low}}"), content=phone)
    nhs = texts(body=LABELLED)
    assert why(policy("{body: {finds: nhs_number, confidence: likely}}"), content=nhs)
    unlabelled = texts(body="9434765919")
    assert why(policy("{body: {finds: nhs_number}}"), content=unlabelled)
    assert not why(policy("{body: {finds: nhs_number, confidence: sure}}"), content=unlabelled)


def test_groups_of_detectors_are_all_of_a_kind() -> None:
    assert members("any", DETECTORS) == tuple(DETECTORS)
    split = [members(word, DETECTORS) for word in GROUPS if word != "any"]
    assert sorted(name for group in split for name in group) == sorted(DETECTORS)
    assert members("nhs_number", DETECTORS) == ("nhs_number",)
    assert group_of("health_fact") == "facts"
    assert group_of("person_name") == "names"
    assert why(policy("{body: {finds: identifiers}}"), content=texts(body=LABELLED))


def test_a_group_without_detectors_finds_nothing() -> None:
    from policies.conditions import Scope, TextSearch
    from policies.language.schema import TextTest

    search = TextSearch.of(TextTest(finds=["names"]), (Where.BODY,), Scope(detectors={}))
    rules = policy("{body: {finds: any}}")
    facts = rules.facts(envelope(), mail("Subject: x"), texts(body=LABELLED))
    assert search.ask(facts) is None
    assert "no detector" in search.asks


def test_only_what_some_rule_names_is_looked_for_and_each_text_once() -> None:
    calls: list[tuple[str, int]] = []

    class Spy:
        name, label, severity = "spy", "a spy", DETECTORS["phone"].severity

        def find(self, view: object) -> list[object]:
            calls.append(("spy", 1))
            return []

    outline, read = mail("Subject: x"), texts(body="one line", attachment="another")
    rules = policy("{body: {finds: nhs_number}}")
    assert {where: [one.name for one in asked] for where, asked in rules.searched.items()} == {
        Where.BODY: ["nhs_number"]
    }
    searched = {Where.BODY: (Spy(),)}  # type: ignore[dict-item]
    facts = Facts(envelope(), outline, rules.reader, read, searched=searched)
    assert facts.findings(Where.BODY) == facts.findings(Where.BODY) == ()
    assert facts.findings(Where.ATTACHMENT) == ()
    assert len(calls) == 1


def test_a_value_across_the_pieces_of_a_large_text_is_found() -> None:
    rules = policy("{body: {finds: nhs_number}}")
    for at in range(4060, 4100, 3):
        assert why(rules, content=texts(body="x " * (at // 2) + LABELLED)), at


# Words.


@pytest.mark.parametrize(
    ("words", "text", "found"),
    [
        ("MARAC", "The MARAC met", True),
        ("MARAC", "the marac met", False),
        ("case conference", "A Case\nConference", True),
        ("case conference", "showcase conferences", False),
        ("secret plan", "s\u200becret pl\u0430n", True),
    ],
)
def test_words_in_a_text(words: str, text: str, found: bool) -> None:
    rules = policy(f"{{body: {{contains: {words}}}}}")
    assert bool(why(rules, content=texts(body=text))) is found


def test_findings_and_words_must_both_be_there() -> None:
    rules = policy("{body: {finds: nhs_number, contains: patient}}")
    assert why(rules, content=texts(body=f"Patient, {LABELLED}"))
    assert not why(rules, content=texts(body=LABELLED))
    assert not why(rules, content=texts(body="Patient"))


# Attachments.


@pytest.mark.parametrize(
    ("test", "content", "fires"),
    [
        ("kind: executable", attached("a.txt", kind="executable"), True),
        ("kind: executable", attached("a.exe", kind="text"), False),
        ("kind: archive", attached("a.docx", kind="zip"), True),
        ("kind: disk_image", attached("a.iso", kind="disk image"), True),
        ("kind: [document, spreadsheet]", attached("a", kind="xlsx"), True),
        ("extension: exe", attached("a.txt", "A.EXE"), True),
        ("extension: .exe", attached("a.exe. ."), True),
        ("extension: exe", attached("a.exe.txt"), False),
        ("extension: exe", attached("\u202eA.\uff45xe"), True),
        ("name_contains: case file", attached("Smith_Case_File-2.pdf"), True),
        ("name_contains: case file", attached("showcase files.pdf"), False),
        ("size_over: 1 MB", attached("a", size=1024 * 1024 + 1), True),
        ("size_over: 1 MB", attached("a", size=1024 * 1024), False),
        ("encrypted: yes", attached("a", state=State.ENCRYPTED), True),
        ("encrypted: yes", attached("a", state=State.UNSCANNABLE), False),
        ("unscannable: yes", attached("a", state=State.ENCRYPTED), True),
        ("unscannable: yes", attached("a", state=State.UNSCANNABLE), True),
        ("unscannable: no", attached("a"), True),
        ("unscannable: yes", attached("a"), False),
        ("kind: zip, encrypted: yes", attached("a", kind="zip", state=State.ENCRYPTED), True),
        ("kind: zip, encrypted: yes", attached("a", kind="pdf", state=State.ENCRYPTED), False),
    ],
)
def test_tests_of_an_attachment(test: str, content: Content, fires: bool) -> None:
    assert bool(why(policy(f"{{attachment: {{{test}}}}}"), content=content)) is fires


def test_there_is_a_word_for_every_kind_that_extraction_tells_apart() -> None:
    from policies.extraction import desk, kinds
    from policies.extraction.readers.files import FILE_READERS
    from policies.language.schema import KINDS

    told = {
        *FILE_READERS,
        *kinds.CLOSED,
        *kinds.ENCRYPTED,
        *(kind for _magic, kind in kinds._MAGIC),
        *(kind for _within, _sign, kind in desk._SIGNS),
        *("eml", "mbox", "csv", "tsv", "json", "unknown"),
    }
    assert {kind.replace(" ", "_") for kind in told} <= set(KINDS)


def test_one_attachment_must_pass_every_test() -> None:
    rules = policy("{attachment: {kind: xlsx, finds: nhs_number}}")
    sheet = Attachment(1, ("a.xlsx",), "", "xlsx", 9)
    letter = Attachment(2, ("b.pdf",), "", "pdf", 9)
    apart = Content((Passage(Where.ATTACHMENT, LABELLED, 2),), (sheet, letter))
    assert not why(rules, content=apart)
    together = Content((Passage(Where.ATTACHMENT, LABELLED, 1),), (sheet, letter))
    said = why(rules, content=together)
    assert said == ("An attachment is of the kind xlsx and seems to contain an NHS number.")


def test_no_attachment_passes_no_test() -> None:
    for test in ("unscannable: no", "size_over: 1 kB", "finds: any", "contains: x"):
        assert not why(policy(f"{{attachment: {{{test}}}}}"), content=texts(body="x"))


# Headers, markings, sizes.


def test_a_header_is_read_in_every_reading() -> None:
    there = policy("{header: {name: X-Classification}}")
    assert why(there, "x-classification: anything")
    assert not why(there, "Subject: X-Classification")
    words = policy("{header: {name: X-System, contains: [payroll, case management]}}")
    assert why(words, "X-System: none", "X-System: =?utf-8?q?Case=C2=A0Management?=")
    assert not why(words, "X-System: payrolls")


@pytest.mark.parametrize(
    ("headers", "body", "level"),
    [
        (("Subject: OFFICIAL: agenda",), "", "OFFICIAL"),
        (("Subject: [OFFICIAL-SENSITIVE] x",), "", "OFFICIAL-SENSITIVE"),
        (("Subject: OFFICIAL SENSITIVE x",), "", "OFFICIAL-SENSITIVE"),
        (("Subject: Official sensitive x",), "", ""),
        (("Subject: CONFIDENTIAL x",), "", "OFFICIAL-SENSITIVE"),
        (("Subject: TOP SECRET",), "", "TOP SECRET"),
        (("Subject: Re: SECRET - plan",), "", "SECRET"),
        (("Subject: Plan [SECRET] B",), "", "SECRET"),
        (("Subject: SECRET Santa",), "", ""),
        (("Subject: SECRET SANTA",), "", ""),
        (("Subject: UNOFFICIAL",), "", ""),
        (("X-Protective-Marking: VER=2018.1, SEC=Official:Sensitive",), "", "OFFICIAL-SENSITIVE"),
        ((), "Dear all\r\nOFFICIAL-SENSITIVE - PERSONAL\r\nBye", "OFFICIAL-SENSITIVE"),
        ((), "Classification: SECRET", "SECRET"),
        ((), "** OFFICIAL **\nTOP SECRET\n", "TOP SECRET"),
        ((), "The SECRET of good bread", ""),
        ((), "SECRET SANTA", ""),
        ((), "secret", ""),
    ],
)
def test_the_highest_marking_counts(headers: tuple[str, ...], body: str, level: str) -> None:
    order = ["OFFICIAL", "OFFICIAL-SENSITIVE", "SECRET", "TOP SECRET"]
    for number, lowest in enumerate(order):
        rules = policy(f"{{marking: {{at_least: {lowest}}}}}")
        content = texts(body=body) if body else Content()
        said = why(rules, *(headers or ("Subject: x",)), content=content)
        assert bool(said) is (level in order[number:])
        assert not said or f"marked {level} " in said


def test_the_size_is_that_of_the_whole_mail() -> None:
    rules = policy("{size_over: 2 kB}")
    small, large = mail("Subject: x"), mail("Subject: x", body=b"x" * 2048)
    assert not why(rules, outline=small)
    assert why(rules, outline=large) == "The mail is larger than 2 kB."
