"""Every decision of the gateway leaves a record, and no mail waits for it or fails by it."""

import json
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from gateway.pipeline import recorder as recording
from gateway.pipeline.recorder import Recorder
from tests.gateway.office import JANE, Office, mail, office
from vault import decided, keys
from vault.storage import tables

FOUND = "943 476 5919"
PARTNER = "jo.bloggs@partner.example.org"
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def recorder_of(found: Office) -> Recorder:
    made = Recorder(found.store, keys.load_sealing(found.folder / "keys"))
    found.pipeline._recorder = made
    return made


def rows(found: Office) -> list[dict[str, Any]]:
    with found.store.reading() as tx:
        return [row.facts for row in decided.since(tx, LONG_AGO)]


async def test_what_is_relayed_sealed_or_refused_leaves_a_record(tmp_path: Path) -> None:
    async with office(tmp_path) as found:
        recorder = recorder_of(found)
        assert (await found.send(JANE, PARTNER, data=mail())).startswith("250")
        assert (await found.send(JANE, PARTNER, data=mail(subject="[secure] x"))).startswith("250")
        assert (await found.send(JANE, PARTNER, data=mail(subject=FOUND))).startswith("550")
        assert (await found.send(JANE, "jo@gmail.com", data=mail())).startswith("550")
        recorder.close()
        kept = rows(found)
        assert [row["to"][0]["outcome"] for row in kept] == ["relay", "seal", "refuse", "refuse"]
        assert "no-personal-data-in-subject" in kept[2]["to"][0]["rules"]
        assert [name for name, *_ in kept[2]["found"]["subject"]] == ["nhs_number"]
        assert "size" not in kept[3], "it was refused before there was a mail"
        assert all(row["from"][0] == "council.gov.uk" for row in kept)
        text = json.dumps(kept)
        for word in ("bloggs", "jane", "5919", "943 476"):
            assert word not in text.lower()


async def test_a_broken_record_stops_no_mail(tmp_path: Path, monkeypatch: Any) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(recording, "record", broken)
    async with office(tmp_path) as found:
        recorder = recorder_of(found)
        assert (await found.send(JANE, PARTNER, data=mail())).startswith("250")
        recorder.close()
        assert rows(found) == []


async def test_a_database_that_is_held_delays_no_record_keeping_mail(tmp_path: Path) -> None:
    """The thread of the recorder waits for the database; the one that records does not."""
    async with office(tmp_path) as found:
        recorder = recorder_of(found)
        sent = await found.send(JANE, PARTNER, data=mail())
        assert sent.startswith("250")
        done = threading.Event()
        with found.store.writing():
            policy = found.pipeline.policy
            for _ in range(recording.MOST_WAITING + 10):
                recorder._add(policy.digest, LONG_AGO, dict)
            done.set()
        assert done.is_set()
        recorder.close()
        assert len(rows(found)) <= recording.MOST_WAITING + 1


async def test_the_audit_names_the_policy_that_decided(tmp_path: Path) -> None:
    async with office(tmp_path) as found:
        for subject in ("Hello", "[secure] x"):
            sent = await found.send(JANE, PARTNER, data=mail(subject=subject))
            assert sent.startswith("250")
        event, digest = tables.events.c, found.pipeline.policy.digest
        with found.store.reading() as tx:
            rows = tx.execute(select(event.act, event.policy).order_by(event.id)).all()
    decided_by = dict.fromkeys(
        ("relay:queued", "relay:done", "package:sealed", "access:granted"), digest
    )
    assert {act: policy for act, policy in rows if act in decided_by} == decided_by
