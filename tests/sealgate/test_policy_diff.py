"""`sealgate policy diff`: texts compared, and the recorded mail of the node decided again."""

import json
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.pipeline.recorder import Recorder
from policies.envelope import Envelope
from policies.extraction.mail import extract
from policies.language import loader
from policies.message.mime import outline
from sealgate import settings
from sealgate.policy.admission import Admission
from tests.sealgate.governed import opened
from tests.sealgate.node import POLICY, Node, run
from vault import keys
from vault.address import Address

JO, PAT = "jo.bloggs@council.example", "pat@solicitors.example"


@pytest.fixture
def relaxed(tmp_path: Path) -> Path:
    """The council's policy without sealing of marked mail."""
    file = tmp_path / "relaxed.yaml"
    text = POLICY.read_text(encoding="utf-8")
    at = text.index("  - name: seal-marked-mail")
    file.write_text(text[:at] + text[at:].replace("then: seal", "then: relay", 1))
    return file


def remember(node: Node, *subjects: str, days_ago: int = 0) -> None:
    """Let the node have decided mails with these subjects."""
    chosen = settings.load(node.config)
    source = loader.read(chosen.policy.file)
    policy = loader.compiled(source)
    with closing(opened(node)) as store:
        sealing = keys.load_sealing(chosen.keys_folder)
        Admission(store=store, settings=chosen.policy, sealing=sealing).admit(source)
        recorder = Recorder(store, sealing)
        people = Envelope(
            sender=Address.parse(JO),
            recipients=(Address.parse(PAT),),
            own_domains=("council.example",),
        )
        for subject in subjects:
            raw = f"Subject: {subject}\r\n\r\nHello.\r\n".encode()
            read = outline([raw])
            facts = policy.facts(people, read, extract(read, [raw]))
            at = store.clock() - timedelta(days=days_ago)
            recorder.mail(policy, at, facts, policy.decide_on(facts))
        recorder.close()


def test_texts_are_compared_without_a_node(relaxed: Path) -> None:
    result = run("policy", "diff", "council", str(relaxed))
    assert result.exit_code == 1
    assert "'seal-marked-mail': it says 'relay' where it said 'seal'" in result.output
    same = run("policy", "diff", "council", "council")
    assert (same.exit_code, same.output) == (
        0,
        "It protects no less, as far as the texts show.\n",
    )


def test_mail_that_would_fare_otherwise_is_listed(ready: Node, relaxed: Path) -> None:
    remember(ready, "[secure] Zaphod", "Agenda", "Patient 943 476 5919")
    result = ready.type("policy", "diff", str(POLICY), str(relaxed), "--replay")
    assert result.exit_code == 1
    assert "3 mails with 3 recipients, decided again:" in result.output
    assert "council.example to solicitors.example: seal becomes relay" in result.output
    assert result.output.count(" becomes relay (") == 1
    assert "Zaphod" not in result.output
    machine = json.loads(
        ready.type("policy", "diff", str(POLICY), str(relaxed), "--replay", "--json").output
    )
    assert machine["replay"]["same"] == 2
    assert machine["replay"]["changes"][0]["rules_before"] == ["seal-marked-mail"]
    assert machine["weakens"]


def test_a_policy_of_the_history_is_named_by_its_digest(ready: Node, relaxed: Path) -> None:
    remember(ready, "[secure] x")
    digest = loader.load(POLICY).digest
    result = ready.type("policy", "diff", digest[:12], str(relaxed), "--replay")
    assert "seal becomes relay: 1" in result.output


def test_only_the_last_weeks_count(ready: Node, relaxed: Path) -> None:
    remember(ready, "[secure] x", days_ago=10)
    words = ("policy", "diff", str(POLICY), str(relaxed), "--replay", "--since")
    assert "1 mails with 1 recipients" in ready.type(*words, "14d").output
    assert "0 mails with 0 recipients" in ready.type(*words, "9d").output
    assert ready.type(*words, "soon").exit_code == 2
