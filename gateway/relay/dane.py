"""DANE for SMTP: whether a server's certificates are those that its TLSA records tell of.

Usages 2 (an authority of the server's own) and 3 (this very certificate) count, others do not
(RFC 7672 section 3.1.3). Promises that a record of usage 3 asks for neither name nor dates
(section 3.1.1) and one of usage 2 for both. Pure: the records must have come with DNSSEC.
"""

import hashlib
import ssl
from collections.abc import Iterable, Sequence
from typing import Any, cast

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from gateway.relay.server import Tlsa

AUTHORITY, THIS_ONE = 2, 3
WHOLE, KEY = 0, 1
EXACT, SHA256, SHA512 = 0, 1, 2
MOST_CERTIFICATES = 12

# Authorities of one's own keep to fewer rules than public ones: what matters is asked of them.
_ANY = ExtensionPolicy.permit_all()
_AUTHORITY = _ANY.require_present(x509.BasicConstraints, Criticality.AGNOSTIC, None)
_SERVER = _ANY.require_present(x509.SubjectAlternativeName, Criticality.AGNOSTIC, None)


def usable(records: Iterable[Tlsa]) -> tuple[Tlsa, ...]:
    """Return the records that can be used to judge a mail server."""
    return tuple(
        one
        for one in records
        if one.usage in {AUTHORITY, THIS_ONE}
        and one.selector in {WHOLE, KEY}
        and one.matching in {EXACT, SHA256, SHA512}
        and one.data
    )


def chain(made: ssl.SSLObject) -> list[bytes]:
    """Return the certificates a server has shown, its own first, in DER."""
    if hasattr(made, "get_unverified_chain"):  # public since Python 3.13
        return cast("list[bytes]", made.get_unverified_chain())[:MOST_CERTIFICATES]
    inner: Any = made._sslobj  # type: ignore[attr-defined] # noqa: SLF001 - what 3.13 made public
    shown = inner.get_unverified_chain() or []
    return [ssl.PEM_cert_to_DER_cert(one.public_bytes()) for one in shown[:MOST_CERTIFICATES]]


def proved(records: Sequence[Tlsa], shown: Sequence[bytes], name: str) -> bool:
    """Say whether the certificates `shown` are what one of the usable records tells of."""
    if not shown:
        return False
    try:
        certificates = [x509.load_der_x509_certificate(one) for one in shown]
    except ValueError:
        return False
    for record in records:
        if record.usage == THIS_ONE and _matches(record, certificates[0]):
            return True
        if record.usage == AUTHORITY and any(
            _leads_to(authority, certificates, name)
            for authority in _authorities(record, certificates)
        ):
            return True
    return False


def _matches(record: Tlsa, certificate: x509.Certificate) -> bool:
    if record.selector == WHOLE:
        data = certificate.public_bytes(Encoding.DER)
    else:
        key = certificate.public_key()
        data = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if record.matching == SHA256:
        data = hashlib.sha256(data).digest()
    elif record.matching == SHA512:
        data = hashlib.sha512(data).digest()
    return data == record.data


def _authorities(
    record: Tlsa, certificates: Sequence[x509.Certificate]
) -> Iterable[x509.Certificate]:
    """Yield the authorities a record names: among those shown, or the record itself."""
    yield from (one for one in certificates if _matches(record, one))
    if record.selector == WHOLE and record.matching == EXACT:
        try:
            yield x509.load_der_x509_certificate(record.data)
        except ValueError:
            return


def _leads_to(
    authority: x509.Certificate, certificates: Sequence[x509.Certificate], name: str
) -> bool:
    try:
        policy = PolicyBuilder().store(Store([authority]))
        policy = policy.extension_policies(ca_policy=_AUTHORITY, ee_policy=_SERVER)
        verifier = policy.build_server_verifier(x509.DNSName(name))
        verifier.verify(certificates[0], list(certificates[1:]))
    except (VerificationError, ValueError):
        return False
    return True
