"""What the deliverer works with, and how a claimed row becomes a mail ready to be sent.

Promises that a clear copy is what its sender sent, below the lines put on top, without its Bcc and
with the edits that were planned when it came,
and that a letter is signed when a key is configured. Must never be held by the SMTP or web process:
it opens what is still to be sent.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain

from gateway.notices import warned
from gateway.notices.letters import LetterError, render
from gateway.notices.settings import NoticeSettings
from gateway.relay.content import measure
from gateway.relay.dkim import Signer
from gateway.relay.headers import drop_headers
from gateway.relay.letter import Letter
from gateway.relay.parameters import MailParameters, RecipientParameters
from gateway.relay.routes import Way
from gateway.relay.sender import Relay
from gateway.relay.settings import DeliverySettings
from policies.changes.splice import from_text, splice
from policies.settings import OrganisationSettings
from vault import warnings
from vault.address import Address
from vault.keys import RelayKeys, SealingKeys
from vault.outbox import Item, Kind
from vault.store import Store

# Nobody could do anything with what comes back.
NULL_PATH = frozenset({Kind.CODE, Kind.BOUNCE, Kind.POLICY, Kind.WARNING})


@dataclass(frozen=True, slots=True)
class Desk:
    """Store, keys and settings of a deliverer. `signer` is None when no key is configured."""

    store: Store
    relay_keys: RelayKeys
    sealing_keys: SealingKeys
    organisation: OrganisationSettings
    relay: Relay
    notices: NoticeSettings
    delivery: DeliverySettings
    signer: Signer | None = None

    def letter(self, item: Item) -> Letter:
        """Make a row ready to be sent; reads and decrypts, so it belongs in a thread.

        Raises LetterError, UnsafeContentError for what no next hop may be given, and VaultError.
        """
        chunks = self._chunks(item)
        found = measure(chunks())
        to, way = (item.to,), Way.of(item.fields)
        back = self._return_path(item)
        asked, each = (
            MailParameters.of_fields(item.fields),
            RecipientParameters.of_fields(item.fields),
        )
        letter = Letter(back, to, chunks(), found.size, found.eight_bit, way)
        return replace(letter, asked=asked, asked_for={item.to: each})

    def _chunks(self, item: Item) -> Callable[[], Iterator[bytes]]:
        content = item.content
        if item.kind is Kind.RELAY:
            if content is None:
                raise LetterError("a clear copy has no content")
            edits = from_text(item.fields.get("edits", ""))
            return lambda: chain(
                [item.prefix], drop_headers(splice(content(), edits), item.dropped)
            )
        mail = render(self._listed(item), self.organisation, self.notices)
        if self.signer is not None:
            mail = self.signer.sign(mail)
        return lambda: iter([mail])

    def _listed(self, item: Item) -> Item:
        """Add to a gathered note what it is about, as the audit trail has it."""
        if item.kind is not Kind.WARNING or "until" not in item.fields:
            return item
        found = warned.listed(warnings.gathered(self.store, item.to, item.fields))
        return replace(item, fields={**item.fields, "listed": found})

    def _return_path(self, item: Item) -> Address | None:
        if item.kind is Kind.RELAY:
            return item.return_path
        return None if item.kind in NULL_PATH else self.notices.return_address


def make_signer(notices: NoticeSettings) -> Signer | None:
    """Return the signer that the settings ask for, or None. Raises DkimKeyError."""
    if notices.dkim_key is None:
        return None
    return Signer.load(notices.signing_domain, notices.dkim_selector, notices.dkim_key)
