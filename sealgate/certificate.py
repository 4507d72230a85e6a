"""Certificates: why one cannot be used, and a self-signed one for loopback.

The demo speaks TLS like the real thing, with a certificate for localhost and 127.0.0.1 only, valid
for thirty days. Promises that a file at fault is named.
Must never make a certificate for a service that others reach.
"""

import ssl
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from vault.clock import utc_now


@dataclass(frozen=True, slots=True)
class Certificate:
    """Where a certificate and its key lie (PEM), and the SHA-256 that a browser shows for it."""

    path: Path
    key_path: Path
    fingerprint: str


def make(folder: Path, host: str = "localhost") -> Certificate:
    """Write `certificate.pem` and `certificate.key` (0600) into an existing folder."""
    key = ec.generate_private_key(ec.SECP256R1())
    signed = _build(key, host)
    path, key_path = folder / "certificate.pem", folder / "certificate.key"
    path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key_path.touch(mode=0o600)
    key_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return Certificate(path, key_path, signed.fingerprint(hashes.SHA256()).hex(":"))


def unusable(certificate: Path, key: Path) -> str:
    """Say why a server cannot use these two PEM files; empty when it can."""
    for path in (certificate, key):
        try:
            path.read_bytes()
        except OSError as error:
            return f"{path}: {error.strerror}"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key, password=_none)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            return f"{key} is not the key of {certificate}"
        return f"{certificate} or {key} is not PEM, or the key has a password"
    return ""


def is_for(certificate: Path, host: str) -> bool:
    """Say whether a client that asked for `host` would accept the name (RFC 9525, section 6)."""
    try:
        found = x509.load_pem_x509_certificate(certificate.read_bytes()).extensions
        names = found.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    hosts = {name.lower() for name in names.get_values_for_type(x509.DNSName)}
    hosts |= {str(one) for one in names.get_values_for_type(x509.IPAddress)}
    host = host.lower()
    return host in hosts or f"*.{host.partition('.')[2]}" in hosts


def _none() -> bytes:
    """Give no password, where OpenSSL would ask at the terminal and wait."""
    return b""


def _build(key: ec.EllipticCurvePrivateKey, host: str) -> x509.Certificate:
    now = utc_now()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    names = x509.SubjectAlternativeName(
        [x509.DNSName(host), x509.IPAddress(ip_address("127.0.0.1"))]
    )
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
