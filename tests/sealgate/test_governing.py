"""A policy that is saved comes into force in a running node; one that cannot be used does not."""

import asyncio
from contextlib import closing

from sqlalchemy import select

from tests.sealgate.governed import JO, Governed, governed, opened
from tests.sealgate.node import Node
from vault import rulebook
from vault.rulebook import PolicyActKind
from vault.storage import tables

# Of the rule against personal webmail.
SEALED = """    then: refuse
    tell_sender: >-
      Not sent: this is a personal webmail address. Use the person's work
      address, or ask Information Governance to approve this one.
"""


def acts(node: Node) -> list[PolicyActKind]:
    with closing(opened(node)) as store, store.reading() as tx:
        return [line.act for line in reversed(rulebook.history(tx))]


def letters(node: Node) -> int:
    with closing(opened(node)) as store, store.reading() as tx:
        row = tables.outbox.c
        return len(tx.execute(select(row.id).where(row.kind == "policy")).all())


async def loaded_by_both(node: Governed) -> str:
    first = await node.event("policy.loaded")
    second = await node.event("policy.loaded")
    assert first["policy"] == second["policy"]
    return str(first["policy"])


NEW_RULE = """  - name: no-bank
    when: {recipient: {domain: bank.example}}
    then: refuse
    tell_sender: "Not sent: not to the bank."
  - name: no-personal-webmail"""


async def test_what_is_saved_comes_into_force_unless_it_cannot_be_used(ready: Node) -> None:
    ready.spoil("[policy]\n", '[policy]\nalarm_to = "admin@council.example"\n')
    async with governed(ready) as node:
        # A list that takes the place of a shipped one.
        assert await node.answer("jo@partner.example") == 250
        (ready.folder / "generic_mailboxes.txt").write_text("jo\n")
        await loaded_by_both(node)
        assert await node.answer("jo@partner.example") == 550

        # A file that cannot be used: two processes see it, one letter tells of it.
        node.save("    then: refuse\n", "    then: refuze\n")
        for _ in ("smtp", "web"):
            said = await node.event("policy.refused")
            assert said["level"] == "error"
            assert "unknown outcome 'refuze'" in said["problems"][0]
        assert await node.answer() == 550
        assert acts(ready) == [PolicyActKind.ACTIVATED] * 2 + [PolicyActKind.REFUSED]
        assert letters(ready) == 1
        found = await asyncio.to_thread(ready.type, "doctor")  # it runs a loop of its own
        assert "unknown outcome 'refuze'" in found.output

        # Mended and changed.
        node.save("    then: refuze\n", "    then: refuse\n")
        node.save(SEALED, "    then: seal\n")
        digest = await loaded_by_both(node)
        assert await node.answer() == 250
    assert letters(ready) == 1
    with closing(opened(ready)) as store, store.reading() as tx:
        assert rulebook.in_force(tx) == digest
        assert b"then: seal" in rulebook.find(tx, digest).content
        assert rulebook.find(tx, digest).lists["generic_mailboxes.txt"] == b"jo\n"


async def test_a_change_that_weakens_waits_for_a_second_person(ready: Node) -> None:
    ready.spoil("[policy]\n", '[policy]\napproval = true\napprovers = ["boss@council.example"]\n')
    async with governed(ready) as node:
        node.save(SEALED, "    then: seal\n")
        for _ in ("smtp", "web"):
            await node.event("policy.waits")
        assert await node.answer() == 550, "the old policy decides"

        # A change that protects more needs nobody.
        node.save("    then: seal\n", SEALED)
        node.save("  - name: no-personal-webmail", NEW_RULE)
        await loaded_by_both(node)
        assert await node.answer("jo@bank.example") == 550
        node.running.process.terminate()
        await node.running.ended()
    expected = [PolicyActKind.ACTIVATED, PolicyActKind.PROPOSED, PolicyActKind.ACTIVATED]
    assert acts(ready) == expected

    # A node that starts while a change waits decides by the policy before it, and by its lists.
    node.save(SEALED, "    then: seal\n")
    (ready.folder / "generic_mailboxes.txt").write_text("nobody\n")
    assert ready.type("user", "remove", JO).exit_code == 0
    async with governed(ready) as node:
        assert await node.answer() == 550
        assert await node.answer("info@partner.example") == 550
