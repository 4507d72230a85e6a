"""What an outbox row carries, sealed to the relay key until the deliverer opens it.

Promises that a code, a name, a header line or a content key in the outbox can be read by the
deliverer alone, and that what was sealed for one row and kind opens for no other.
"""

import base64
import json
from dataclasses import dataclass, field

from vault.address import Address
from vault.keys.hpke import Opener, Sealer, binding
from vault.packages.facts import address_of
from vault.secrets import Secret

_PAYLOAD = "outbox payload"
_KEY = "outbox content key"


@dataclass(frozen=True, slots=True)
class Parcel:
    """The sealed half of an outbox row.

    `fields` fill in a letter. A clear copy has `prefix` (header lines to put before the message),
    `dropped` (names of header fields to leave out, lower case) and `return_path` (None for `<>`).
    """

    fields: dict[str, str] = field(default_factory=dict, repr=False)
    return_path: Address | None = None
    prefix: bytes = b""
    dropped: tuple[bytes, ...] = ()

    def seal(self, relay: Sealer, row_id: str, kind: str) -> bytes:
        """Seal for one row of one kind."""
        written = {
            "fields": self.fields,
            "return_path": str(self.return_path) if self.return_path else None,
            "prefix": base64.b64encode(self.prefix).decode(),
            "dropped": [name.decode("latin-1") for name in self.dropped],
        }
        return relay.seal(json.dumps(written).encode(), payload_binding(row_id, kind))

    @classmethod
    def open(cls, relay: Opener, sealed: bytes, row_id: str, kind: str) -> "Parcel":
        """Open what `seal` made; raises Tampered."""
        read = json.loads(relay.open(sealed, payload_binding(row_id, kind)))
        return cls(
            fields=read["fields"],
            return_path=address_of(read["return_path"]) if read["return_path"] else None,
            prefix=base64.b64decode(read["prefix"]),
            dropped=tuple(name.encode("latin-1") for name in read["dropped"]),
        )


def payload_binding(row_id: str, kind: str) -> bytes:
    """Return what the payload of an outbox row is bound to."""
    return binding(_PAYLOAD, row_id, kind)


def key_binding(row_id: str, content_id: str) -> bytes:
    """Return what the content key in an outbox row is bound to."""
    return binding(_KEY, row_id, content_id)


def wrap_key(relay: Sealer, row_id: str, content_id: str, key: Secret) -> bytes:
    """Seal a content key for the deliverer of one row."""
    return relay.wrap(key, key_binding(row_id, content_id))


def unwrap_key(relay: Opener, row_id: str, content_id: str, wrapped: bytes) -> Secret:
    """Open a content key; raises Tampered."""
    return relay.unwrap(wrapped, key_binding(row_id, content_id))
