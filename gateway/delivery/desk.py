"""What the deliverer works with, and how a claimed row becomes a mail ready to be sent.

Promises that a clear copy is what its sender sent, below the lines put on top, without its Bcc and
with the edits that were planned when it came,
and that a letter is signed when a key is configured. Must never be held by the SMTP or web process:
it opens what is still to be sent.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import chain

from gateway.bounces.settings import BounceSettings
from gateway.delivery import undelivered
from gateway.notices import warned
from gateway.notices.letters import LetterError, render
from gateway.notices.settings import NoticeSettings
from gateway.relay.answers import Answer
from gateway.relay.content import measure
from gateway.relay.dkim import Signer
from gateway.relay.headers import drop_headers
from gateway.relay.letter import Letter
from gateway.relay.parameters import MailParameters, Notify, RecipientParameters, Ret
from gateway.relay.routes import Way
from gateway.relay.sender import Relay
from gateway.relay.trying import DeliverySettings
from policies.changes.splice import from_text, splice
from policies.settings import OrganisationSettings
from vault.address import Address
from vault.keys import RelayKeys, SealingKeys
from vault.sending import returns, warnings
from vault.sending.outbox import Item, Kind
from vault.storage.store import Store

NOTHING_BACK = BounceSettings()
OF_NOTICES = MailParameters(ret=Ret.HDRS)
TO_BE_TOLD = RecipientParameters(notify=frozenset({Notify.FAILURE, Notify.DELAY}))
LINKS = frozenset({Kind.NOTICE, Kind.REMINDER})
TOLD_OF = frozenset({Kind.NOTICE, Kind.RELAY})
# Nobody could do anything with what comes back.
NULL_PATH = frozenset(
    {Kind.CODE, Kind.BOUNCE, Kind.POLICY, Kind.WARNING, Kind.REPORT, Kind.INCIDENT}
)


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
    bounces: BounceSettings = NOTHING_BACK
    hostname: str = ""

    def letter(self, item: Item) -> Letter:
        """Make a row ready to be sent; reads and decrypts, so it belongs in a thread.

        Raises LetterError, UnsafeContentError for what no next hop may be given, and VaultError.
        """
        chunks = self._chunks(item)
        found = measure(chunks())
        to, way = (item.to,), Way.of(item.fields)
        back = self._return_path(item)
        asked, each = _asked(item)
        letter = Letter(back, to, chunks, found.size, found.eight_bit, way)
        return replace(letter, asked=asked, asked_for={item.to: each}, sign=item.kind is Kind.RELAY)

    def word_of_failure(self, item: Item, answer: Answer) -> dict[str, str] | None:
        """Return what is told of a row that is given up, None if nothing is."""
        return self._word(item, Notify.FAILURE, answer)

    def word_of_delay(self, item: Item, answer: Answer) -> dict[str, str] | None:
        """Return what is told of a row that is late, None if it is not, or is known to be."""
        age = self.store.clock() - item.queued_at
        if item.warned or age < self.delivery.warn_after or item.kind not in TOLD_OF:
            return None
        until = item.queued_at + self.delivery.give_up_after
        return self._word(item, Notify.DELAY, answer, until)

    def tells_of_handing_on(self, item: Item, answer: Answer) -> bool:
        """Say whether a row that was sent is told of: only if asked, and if nobody else tells.

        The reports that a notice asks of the next hop are not those that its sender asked for.
        """
        if item.kind not in TOLD_OF or (answer.reports and item.kind is Kind.RELAY):
            return False
        return RecipientParameters.of_fields(item.fields).wants(Notify.SUCCESS)

    def word_of_handing_on(self, item: Item, answer: Answer) -> dict[str, str] | None:
        """Return what is told of a row that was sent, None if nothing is."""
        if not self.tells_of_handing_on(item, answer):
            return None
        return self._word(item, Notify.SUCCESS, answer)

    def _word(
        self, item: Item, what: Notify, answer: Answer, until: datetime | None = None
    ) -> dict[str, str] | None:
        if item.kind not in TOLD_OF:
            return {}
        whole = partial(self._whole, item)
        return undelivered.of_item(
            item, what, whole, host=self.hostname, remote=answer.by, until=until
        )

    def _whole(self, item: Item) -> Iterator[bytes]:
        return self._chunks(item)()

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
        if item.kind in LINKS and self.bounces.base is not None:
            named = (item.package_id or "", item.to)
            return self.bounces.with_token(returns.token(self.store, self.sealing_keys, *named))
        return None if item.kind in NULL_PATH else self.notices.return_address


def _asked(item: Item) -> tuple[MailParameters, RecipientParameters]:
    """Return what is asked of the next hop. A notice has its own wishes, not its sender's."""
    if item.kind in LINKS:
        return OF_NOTICES, TO_BE_TOLD
    return MailParameters.of_fields(item.fields), RecipientParameters.of_fields(item.fields)


def make_signer(notices: NoticeSettings) -> Signer | None:
    """Return the signer that the settings ask for, or None. Raises DkimKeyError."""
    if notices.dkim_key is None:
        return None
    return Signer.load(notices.signing_domain, notices.dkim_selector, notices.dkim_key)
