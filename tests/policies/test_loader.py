"""Bad policy files say what is wrong in words; good ones mean what they seem to mean."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.decision import Outcome
from policies.errors import PolicyError, Problem, quoted
from policies.language.loader import load, load_text
from policies.language.yamltree import MAX_BYTES, MAX_NODES, read_tree
from tests.policies.mails import COUNCIL, PARTNER, envelope, mail

BAD = sorted((Path(__file__).parents[1] / "golden" / "bad_policy").glob("*.yaml"))
GOOD = """version: 1
rules:
  - name: seal-marked-mail
    when: {direction: external, flag: any}
    then: seal
"""


def complaints(text: str | bytes, name: str = "p.yaml") -> list[str]:
    with pytest.raises(PolicyError) as caught:
        load_text(text if isinstance(text, str) else text.decode(), name)
    return [str(problem) for problem in caught.value.problems]


def matches(expected: str, line: str) -> bool:
    """Compare; "…" in the expected line stands for anything."""
    pattern = ".*".join(re.escape(piece) for piece in expected.split("…"))
    return re.fullmatch(pattern, line) is not None


def test_there_are_bad_policies_to_try():
    assert len(BAD) >= 25


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad_policy_is_refused_in_the_expected_words(path):
    with pytest.raises(PolicyError) as caught:
        load(path)
    expected = path.with_suffix(".txt").read_text(encoding="utf-8").splitlines()
    found = [str(problem) for problem in caught.value.problems]
    assert len(found) == len(expected), found
    for words, line in zip(expected, found, strict=True):
        assert matches(words, line), f"expected {words}\nfound    {line}"


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_every_problem_names_file_and_is_one_printable_line(path):
    with pytest.raises(PolicyError) as caught:
        load(path)
    for problem in caught.value.problems:
        assert problem.file.endswith((".yaml", ".txt"))
        assert str(problem).isprintable()


def test_the_good_twin_of_the_bad_policies_loads():
    policy = load_text(GOOD, "good.yaml")
    assert (policy.name, [rule.name for rule in policy.rules]) == ("good", ["seal-marked-mail"])
    assert policy.rules[0].line == 3


def test_no_is_a_word_and_a_switch_but_never_an_accident():
    tree = read_tree(b"a: no\nb: yes\nc: 010\nd: 1_000\ne: 12:30\nf: 2026-12-24\ng: true\n", "x")
    assert tree.data == {
        "a": "no",
        "b": "yes",
        "c": 10,
        "d": "1_000",
        "e": "12:30",
        "f": "2026-12-24",
        "g": True,
    }


@pytest.mark.parametrize("word", ["no", "false", '"no"'])
def test_replies_can_be_forbidden(word):
    text = GOOD + f"    seal: {{replies: {word}, expires_after: 36 hours}}\n"
    (decision,) = load_text(text).decide(envelope(PARTNER), mail("Subject: [secure] x"))
    assert decision.reply_allowed is False
    assert decision.expires_after == timedelta(hours=36)


def test_a_single_entry_may_stand_without_brackets():
    one = GOOD.replace("flag: any", "flag: subject_tag")
    assert load_text(one).rules[0].when[1].reads == load_text(GOOD).rules[0].when[1].reads


def test_a_byte_order_mark_is_no_mistake(tmp_path):
    path = tmp_path / "bom.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert load(path).name == "bom"


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    path = tmp_path / "big.yaml"
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(PolicyError, match=r"big\.yaml: the file is larger than 256 KiB"):
        load(path)


def test_too_many_entries_are_not_read():
    text = "version: 1\nrules: [" + "1," * (MAX_NODES + 5) + "]\n"
    assert complaints(text) == [f"p.yaml:2: more than {MAX_NODES} entries"]


def test_ten_thousand_brackets_do_not_exhaust_the_stack():
    assert complaints("rules: " + "[" * 10_000)[0] == "p.yaml:1: nested deeper than 12 levels"


def test_ten_thousand_aliases_are_cut_short():
    text = "version: &v 1\nrules: [" + "*v," * 10_000 + "]\n"
    assert len(complaints(text)) == 50


@pytest.mark.parametrize("name", ["missing.yaml", "."])
def test_a_file_that_cannot_be_read_is_a_problem_not_a_crash(tmp_path, name):
    with pytest.raises(PolicyError, match="the file cannot be read"):
        load(tmp_path / name)


def test_a_list_file_beside_the_policy_comes_first(tmp_path):
    text = GOOD.replace(
        "rules:", "lists:\n  ours: {kind: domains, file: ours.txt}\nrules:"
    ).replace("flag: any", "recipient: {in_list: ours}")
    (tmp_path / "p.yaml").write_text(text)
    (tmp_path / "ours.txt").write_text("# partners\npartner.example.org   # since 2026\n\n")
    policy = load(tmp_path / "p.yaml")
    (decision,) = policy.decide(envelope(PARTNER), mail("Subject: x"))
    assert decision.outcome is Outcome.SEAL
    (tmp_path / "ours.txt").write_text("# nobody\nother.example.org\n")
    changed = load(tmp_path / "p.yaml")
    assert changed.decide(envelope(PARTNER), mail("Subject: x"))[0].outcome is Outcome.RELAY
    assert changed.digest != policy.digest


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"nhs.net\nnot a domain\n", r"ours\.txt:2: the list 'ours' cannot hold 'not a domain'"),
        (b"nhs.net\n\xff\n", r"p\.yaml:3: the list file 'ours\.txt' cannot be read"),
        (b"#" * (1024 * 1024 + 1), r"p\.yaml:3: the list file 'ours\.txt' cannot be read"),
    ],
)
def test_a_bad_list_file_is_named(tmp_path, content, words):
    text = GOOD.replace(
        "rules:", "lists:\n  ours: {kind: domains, file: ours.txt}\nrules:"
    ).replace("flag: any", "recipient: {in_list: ours}")
    (tmp_path / "p.yaml").write_text(text)
    (tmp_path / "ours.txt").write_bytes(content)
    with pytest.raises(PolicyError, match=words) as caught:
        load(tmp_path / "p.yaml")
    assert len(caught.value.problems) == 1


def test_the_digest_follows_the_content_and_nothing_else(tmp_path):
    digest = load(COUNCIL).digest
    assert digest == load(COUNCIL).digest
    assert len(digest) == 64
    copy = tmp_path / "other.yaml"
    copy.write_bytes(COUNCIL.read_bytes())
    assert load(copy).digest == digest
    copy.write_bytes(COUNCIL.read_bytes() + b"#\n")
    assert load(copy).digest != digest


def test_problems_come_in_the_order_of_the_file():
    problems = (Problem("p.yaml", 10, "", "b"), Problem("p.yaml", 9, "", "a"))
    assert [problem.line for problem in PolicyError(problems).problems] == [9, 10]


def test_what_is_quoted_stays_on_one_short_line():
    assert quoted("a\x1b[31m\r\nb") == "'a?[31m??b'"
    assert len(quoted("x" * 1000)) < 70


SCRAPS = "version: 1|rules:|  - name: a|    when: |{|}|[|]|: |- |&a |*a|!!x |'|\"|~|? |\t|#|é|\0"


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from([*SCRAPS.split("|"), "\n", "|"]), max_size=30).map("".join))
def test_scraps_of_yaml_are_never_more_than_a_policy_error(text):
    assert all(line.isprintable() for line in complaints(text))


@pytest.mark.parametrize("text", ["version: 1\n", "x", "[]", "rules: {}", "? ? ?", "- - - -", "'"])
def test_short_nonsense_is_always_a_policy_error(text):
    assert complaints(text)
