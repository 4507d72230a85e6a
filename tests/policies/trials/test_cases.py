"""Golden cases: the shipped ones hold, and a broken file says so."""

import json
from pathlib import Path

import pytest

from policies.errors import PolicyError
from policies.language.loader import STARTER, load, load_text
from policies.trials import case_report
from policies.trials.case_files import SUFFIX, folder_of, read_cases
from policies.trials.cases import Result, run_cases
from policies.trials.composing import compose
from tests.policies.mails import COUNCIL, NHS_NUMBER

STARTERS = sorted(STARTER.glob("*.yaml"))
BAD = sorted((Path(__file__).parents[2] / "golden" / "bad_cases").glob(f"*{SUFFIX}"))
SHIPPED = [
    pytest.param(path, placed, id=f"{path.stem}: {placed.case.name}")
    for path in STARTERS
    for placed in read_cases(folder_of(path))
]
HEAD = "domains: [example.gov.uk]\nfrom: ann.clerk@example.gov.uk\ncases:\n"
FAILING = f"""{HEAD}  - name: what cannot be
    to: [jo@gmail.com, jo@partner.example.org]
    subject: Patient {NHS_NUMBER}
    expect:
      jo@gmail.com: {{outcome: seal, rules: [], replies: no, expires_after: 3 days}}
      jo@partner.example.org: {{outcome: refuse, told: a telephone number}}
"""


def run(folder: Path, text: str, policy: Path = COUNCIL) -> list[Result]:
    """Run the cases of a text."""
    folder.mkdir(exist_ok=True)
    (folder / "some.yaml").write_text(text, encoding="utf-8")
    return list(run_cases(load(policy), read_cases(folder), ("example.gov.uk",)))


# --- the starters


@pytest.mark.parametrize("path", STARTERS, ids=lambda path: path.stem)
def test_every_starter_has_forty_cases(path):
    assert len(read_cases(folder_of(path))) >= 40


@pytest.mark.parametrize(("path", "placed"), SHIPPED)
def test_the_starter_does_what_its_cases_say(path, placed):
    (result,) = run_cases(load(path), [placed], ())
    assert result.passed, case_report.text(path.stem, [result])


# --- what a case can say


def test_four_lines_are_a_case(tmp_path):
    text = f"{HEAD}  - name: x\n    to: jo@partner.example.org\n    subject: y\n    expect: relay\n"
    (result,) = run(tmp_path / "p.cases", text)
    assert result.passed
    assert (result.placed.file, result.placed.line) == ("p.cases/some.yaml", 4)


def test_what_differs_is_told_for_each_recipient(tmp_path):
    results = run(tmp_path / "p.cases", FAILING)
    (result,) = results
    found = {(one.recipient, one.what) for one in result.differences}
    both = "jo@gmail.com"
    assert found == {
        (both, "outcome"),
        (both, "rules"),
        (both, "expires_after"),
        (both, "replies"),
        ("jo@partner.example.org", "told"),
    }
    text = case_report.text("council", results)
    assert "FAILED  what cannot be (line 4)" in text
    assert "jo@gmail.com: expected seal, got refuse" in text
    assert "fired: no-personal-data-in-subject, no-personal-webmail" in text
    assert "jo@gmail.com: no-personal-webmail fired: The recipient is outside" in text
    assert text.endswith("council: 1 case, 1 failed.\n")
    machine = json.loads(case_report.to_json("council", "d" * 64, results))
    assert (machine["passed"], machine["failed"]) == (0, 1)
    assert machine["cases"][0]["differences"][0]["what"] == "outcome"
    for shown in (text, json.dumps(machine)):
        assert NHS_NUMBER not in shown


def test_a_mail_may_stand_in_a_file(tmp_path):
    folder = tmp_path / "p.cases"
    folder.mkdir()
    raw = f"From: a@example.gov.uk\r\nSubject: {NHS_NUMBER}\r\n\r\nHello.\r\n".encode()
    (folder / "found.eml").write_bytes(raw)
    text = f"{HEAD}  - {{name: x, to: jo@partner.example.org, file: found.eml, expect: refuse}}\n"
    (result,) = run(folder, text)
    assert result.passed
    assert compose(result.placed) == raw


def test_a_mail_in_parts_is_a_mail_as_clients_write_it(tmp_path):
    text = f"""{HEAD}  - name: x
    to: [jo@partner.example.org, al@partner.example.org]
    subject: Budget for café “Ysbyty” £5
    headers: {{Sensitivity: Private}}
    body: Plain.
    html: <p>Rich</p>
    attachments:
      - {{name: notes.txt, text: "Naïve"}}
      - {{name: sheet.xlsx, text: ""}}
    expect: seal
"""
    (result,) = run(tmp_path / "p.cases", text)
    assert result.passed
    made = compose(result.placed)
    assert made == compose(result.placed)
    assert made.isascii()
    assert b"\nTo: jo@partner.example.org, al@partner.example.org\r\n" in made
    assert b"multipart/alternative" in made
    assert b'filename="sheet.xlsx"' in made
    assert b"\n" not in made.replace(b"\r\n", b"")


def test_the_installation_names_the_domains_where_the_file_does_not(tmp_path):
    text = HEAD.replace("domains: [example.gov.uk]\n", "") + (
        '  - {name: x, to: jo@example.gov.uk, subject: "[secure] x", '
        "expect: {outcome: relay, rules: []}}\n"
    )
    assert run(tmp_path / "p.cases", text)[0].passed
    (placed,) = read_cases(tmp_path / "p.cases")
    (elsewhere,) = run_cases(load(COUNCIL), [placed], ("example.org",))
    assert not elsewhere.passed


def test_knowledge_is_handed_to_the_policy(tmp_path):
    text = f"""{HEAD}  - name: x
    to: jo@partner.example.org
    subject: x
    known:
      now: 2026-07-24 10:00
      sent_before: Jo@partner.example.org
      verified_tls: [.example.org]
    expect: relay
"""
    from policies.trials.cases import CaseKnowledge
    from vault.address import Address

    (result,) = run(tmp_path / "p.cases", text)
    known, jo = CaseKnowledge(result.placed.known), Address.parse("jo@partner.example.org")
    ann = Address.parse("ann.clerk@example.gov.uk")
    assert known.now.isoformat() == "2026-07-24T09:00:00+00:00"
    assert known.has_sent_to(ann, jo)
    assert not known.has_sent_to(ann, ann)
    assert known.tls_verified("partner.example.org")
    assert not known.tls_verified("example.org")


# --- files that cannot be used


def test_there_are_bad_case_files_to_try():
    assert len(BAD) >= 15


@pytest.mark.parametrize("folder", BAD, ids=lambda path: path.stem)
def test_a_bad_case_file_says_what_is_wrong(folder):
    with pytest.raises(PolicyError) as caught:
        read_cases(folder)
    found = [str(problem) for problem in caught.value.problems]
    expected = (folder / "expected.txt").read_text(encoding="utf-8").splitlines()
    assert found == expected


def test_a_policy_without_cases_says_where_they_belong(tmp_path):
    with pytest.raises(PolicyError, match=r"x\.cases: no file of cases is there; put files"):
        read_cases(tmp_path / "x.cases")


def test_load_text_still_reads_policies_as_before():
    with pytest.raises(PolicyError, match=r"unknown section 'rule'"):
        load_text("version: 1\nrule: []\n")
