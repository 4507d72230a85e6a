"""Mails that are signed, sealed or packed by other programs: S/MIME, OpenPGP, DKIM, TNEF, iCalendar.

The keys are worked out from fixed words, so that the bytes are the same every time; they guard nothing.
"""

import base64
import datetime
import hashlib
import math
import struct
from collections.abc import Iterator
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID

from tests.golden.mails.structure import PLAIN, mixed
from tests.golden.mails.writing import CRLF, base64_lines, lines, mail, multipart, noise, part

DKIM_DOMAIN, DKIM_SELECTOR = b"council.example", b"golden"
_EXPONENT = 65537
_SMALL = math.prod(number for number in range(3, 2000, 2) if all(number % d for d in range(3, 45, 2) if d < number))


def mails() -> Iterator[tuple[str, bytes]]:
    """Each mail with its name."""
    yield from _smime()
    yield from _openpgp()
    yield "dkim-signed", _dkim_signed()
    yield from _tnef()
    yield from _calendar()


@cache
def key() -> rsa.RSAPrivateKey:
    """An RSA key of 2048 bits, always the same one."""
    p, q = _prime(b"sealgate golden p"), _prime(b"sealgate golden q")
    d = pow(_EXPONENT, -1, math.lcm(p - 1, q - 1))
    public = rsa.RSAPublicNumbers(_EXPONENT, p * q)
    return rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public).private_key()


def _prime(word: bytes) -> int:
    number = int.from_bytes(hashlib.shake_256(word).digest(128)) | 3 << 1022 | 1
    while math.gcd(number, _SMALL) > 1 or pow(2, number - 1, number) != 1 or math.gcd(number - 1, _EXPONENT) > 1:
        number += 2
    return number


def dkim_record() -> bytes:
    """The DNS text that verifies the mail `dkim-signed`."""
    public = key().public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)


@cache
def _certificate() -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.EMAIL_ADDRESS, "ceri.vaughan@council.example")])
    began = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key().public_key()).serial_number(1)
    return builder.not_valid_before(began).not_valid_after(began + datetime.timedelta(days=9999)).sign(key(), hashes.SHA256())


def smime(content: bytes, *options: pkcs7.PKCS7Options) -> bytes:
    """A PKCS #7 signature over the content, DER."""
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content).add_signer(_certificate(), key(), hashes.SHA256(), rsa_padding=padding.PKCS1v15())
    return builder.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.NoAttributes, *options])


def _smime() -> Iterator[tuple[str, bytes]]:
    content = part(PLAIN, b"Content-Transfer-Encoding: 7bit", body=lines(b"Signed as it stands.  ", b"", b".dot"))
    signature = part(
        b'Content-Type: application/pkcs7-signature; name="smime.p7s"',
        b"Content-Transfer-Encoding: base64",
        b'Content-Disposition: attachment; filename="smime.p7s"',
        body=base64_lines(smime(content, pkcs7.PKCS7Options.DetachedSignature), 64),
    )
    header = b'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="sig"'
    whole = multipart(b"sig", content, signature, preamble=lines(b"This is an S/MIME signed message", b""))
    yield "smime-signed", mail("smime-signed", header, body=whole)
    inner = part(mixed(b"in"), body=multipart(b"in", part(PLAIN), part(b"Content-Type: application/octet-stream", b"Content-Transfer-Encoding: base64", body=base64_lines(noise("in", 999)))))
    opaque = [b'Content-Type: application/pkcs7-mime; smime-type=signed-data; name="smime.p7m"', b"Content-Transfer-Encoding: base64", b'Content-Disposition: attachment; filename="smime.p7m"']
    yield "smime-opaque-signed", mail("smime-opaque-signed", *opaque, body=base64_lines(smime(inner), 64))
    sealed = [opaque[0].replace(b"signed-data", b"enveloped-data"), *opaque[1:]]
    yield "smime-enveloped", mail("smime-enveloped", *sealed, body=base64_lines(noise("enveloped", 7000), 64))


def _armour(kind: bytes, seed: str, size: int) -> bytes:
    begin, end = b"-----BEGIN PGP " + kind + b"-----", b"-----END PGP " + kind + b"-----"
    return lines(begin, b"Version: Golden", b"") + base64_lines(noise(seed, size), 64) + lines(b"=q1W2", end)


def _openpgp() -> Iterator[tuple[str, bytes]]:
    encrypted = multipart(
        b"pgp",
        part(b"Content-Type: application/pgp-encrypted", body=lines(b"Version: 1")),
        part(b'Content-Type: application/octet-stream; name="encrypted.asc"', body=_armour(b"MESSAGE", "pgp", 3000)),
    )
    yield "pgp-mime-encrypted", mail("pgp-mime-encrypted", b'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary="pgp"', body=encrypted)
    signed = multipart(b"pgp", part(PLAIN, body=lines(b"- -- dashes", b"trailing ")), part(b'Content-Type: application/pgp-signature; name="signature.asc"', body=_armour(b"SIGNATURE", "pgp sig", 400)))
    yield "pgp-mime-signed", mail("pgp-mime-signed", b'Content-Type: multipart/signed; micalg=pgp-sha512; protocol="application/pgp-signature"; boundary="pgp"', body=signed)
    clear = lines(b"-----BEGIN PGP SIGNED MESSAGE-----", b"Hash: SHA512", b"", b"- -----not a boundary", b"text") + _armour(b"SIGNATURE", "inline", 400)
    yield "pgp-inline", mail("pgp-inline", body=clear)


def _dkim_signed() -> bytes:
    """Signed simple/simple over From, To, Subject (RFC 6376), without a time, so that it never changes."""
    text = mail("dkim-signed", b"Subject:   Two  spaces kept \r\n\tand folds")
    headers, _, body = text.partition(CRLF + CRLF)
    fields = {line.partition(b":")[0].lower(): line for line in headers.replace(CRLF + b"\t", b"\0").split(CRLF)}
    digest = base64.b64encode(hashlib.sha256(body.rstrip(CRLF) + CRLF).digest())
    value = b"DKIM-Signature: v=1; a=rsa-sha256; c=simple/simple; d=%s; s=%s;\r\n\th=From:To:Subject; bh=%s;\r\n\tb=" % (DKIM_DOMAIN, DKIM_SELECTOR, digest)
    signed = b"".join(fields[name].replace(b"\0", CRLF + b"\t") + CRLF for name in (b"from", b"to", b"subject")) + value
    signature = base64.b64encode(key().sign(signed, padding.PKCS1v15(), hashes.SHA256()))
    return value + signature + CRLF + text


def _tnef() -> Iterator[tuple[str, bytes]]:
    def attribute(level: int, tag: int, data: bytes) -> bytes:
        return struct.pack("<BII", level, tag, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)

    stream = struct.pack("<IH", 0x223E9F78, 1) + attribute(1, 0x00089006, struct.pack("<I", 0x00010000))
    stream += attribute(1, 0x00018004, b"Weekly figures\0") + attribute(2, 0x00069002, bytes(14))
    stream += attribute(2, 0x00018010, b"figures.txt\0") + attribute(2, 0x0006800F, b"one,two,three\r\n")
    packed = part(b'Content-Type: application/ms-tnef; name="winmail.dat"', b"Content-Transfer-Encoding: base64", b'Content-Disposition: attachment; filename="winmail.dat"', body=base64_lines(stream))
    yield "tnef-winmail-dat", mail("tnef-winmail-dat", mixed(b"tnf"), body=multipart(b"tnf", part(PLAIN), packed))
    yield "tnef-as-the-whole-body", mail("tnef-as-the-whole-body", b"Content-Type: application/ms-tnef", b"Content-Transfer-Encoding: base64", body=base64_lines(stream))


def _calendar() -> Iterator[tuple[str, bytes]]:
    event = lines(
        b"BEGIN:VCALENDAR", b"VERSION:2.0", b"PRODID:-//Golden//EN", b"METHOD:REQUEST", b"BEGIN:VEVENT", b"UID:golden-1@council.example",
        b"DTSTAMP:20261116T093000Z", b"DTSTART;TZID=Europe/London:20261120T100000", b"DURATION:PT1H",
        b"SUMMARY:Planning meeting with a summary that is folded in the iCalendar", b"  way\\, with a comma", b"END:VEVENT", b"END:VCALENDAR",
    )  # fmt: skip
    invitation = multipart(b"cal", part(PLAIN), part(b'Content-Type: text/calendar; charset="utf-8"; method=REQUEST', b"Content-Transfer-Encoding: 8bit", body=event))
    yield "calendar-invitation", mail("calendar-invitation", mixed(b"cal", b"alternative"), body=invitation)
    yield "calendar-as-the-whole-body", mail("calendar-as-the-whole-body", b"Content-Type: text/calendar; method=REPLY", b"Content-Class: urn:content-classes:calendarmessage", body=event)
