"""Held mails for tests of the site, held as the SMTP door holds them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from policies.engine import Policy
from policies.language.loader import load_text
from tests.webreader.conftest import AUTHOR, BOB, mail
from vault.address import Address
from vault.contents.spool import Spool
from vault.hold.holding import Hold, hold
from vault.hold.slip import Slip
from vault.packages.deposit import Summary
from webreader.site import Site

NUMBER = "943 476 5919"
BOSS = Address.parse("boss@example.gov.uk")
DEPUTY = Address.parse("deputy@example.gov.uk")
CAROL = Address.parse("carol@school.example")
COLLEAGUE = Address.parse("k.other@example.gov.uk")
PREFIX = b"Received: by gate.example.gov.uk id 7F3K-92QD; Tue, 3 Nov 2026 14:05:01 +0000\r\n"
HOLDING = """
version: 1
lists:
  strangers: {kind: domains, entries: [stranger.example]}
rules:
  - name: number-in-subject
    when: {subject: {finds: nhs_number}}
    then: hold
    tell_sender: "Not sent to anyone: the subject seems to contain {found}. Take it out."
  - name: merger
    when: {direction: external, subject: {contains: merger}}
    then: hold
    tell_sender: The directors decide what is written about this matter.
    hold: {for: approver, approvers: [boss@example.gov.uk, Deputy@example.gov.uk]}
  - name: no-strangers
    when: {recipient: {in_list: strangers}}
    then: refuse
    tell_sender: "Not sent: nobody writes there."
  - name: partner-by-tls
    when: {recipient: {domain: partner.example}}
    then: relay
    relay: {tls: verified}
  - name: marked
    when: {direction: external, flag: any}
    then: seal
    seal: {expires_after: 5 days, replies: no}
"""


def policy() -> Policy:
    return load_text(HOLDING)


@dataclass
class Holder:
    """Holds mails of AUTHOR."""

    site: Site

    def __call__(
        self,
        data: bytes = b"",
        *to: Address,
        subject: str = f"About {NUMBER}",
        days: float = 3,
        **slip: Any,
    ) -> str:
        data = data or mail(subject)
        site = self.site
        facts = {"named": (str(BOB),), "prefix": PREFIX, "message_id": "<original-1@x>"} | slip
        with Spool.of(site.store, data) as spool:
            receipt = hold(
                site.store,
                site.sealing,
                Hold(
                    spool=spool,
                    owner=AUTHOR,
                    slip=Slip(sender=AUTHOR, authenticated=True, recipients=to or (BOB,), **facts),
                    expires_at=site.store.clock() + timedelta(days=days),
                    summary=Summary(subject=subject, author_name="Joanna Whitfield"),
                    because=("number-in-subject",),
                ),
            )
        return receipt.hold_id
