"""Looks for what would stop mail, and says how to mend it.

Promises to change nothing, and to go on after a finding so that one run shows all of them.
Must never print a secret or send a mail.
"""

import asyncio
import os
import shutil
import smtplib
import ssl
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509

from gateway.relay.resolver import DnsTroubleError, NoSuchNameError, Resolver
from gateway.relay.settings import Kind, NextHopSettings
from gateway.scanners.panel import scanner_of
from gateway.scanners.scanner import Deadline, NotScannedError
from gateway.scanners.settings import WhenTooLarge, WhenUnavailable
from gateway.scanners.trial import finds
from sealgate import certificate, signing_in
from sealgate.doctor import contents as contents_checks
from sealgate.doctor import policy as policy_checks
from sealgate.doctor import way_back
from sealgate.doctor.findings import Finding, Verdict, good
from sealgate.doctor.heads import heads
from sealgate.settings import Settings
from vault import keys
from vault.clock import utc_now
from vault.errors import VaultError
from vault.keys import opening
from vault.storage.store import Store

FREE_BYTES = 1 << 30  # less than this on the data disk deserves a warning
_BROWSERS = "certificate for browsers"
RENEW_WITHIN = timedelta(days=21)
NEXT_HOP_SECONDS = 5
SCANNER_SECONDS = 10
_LARGER = {
    WhenTooLarge.REFUSE: "larger ones are refused",
    WhenTooLarge.SEAL: "larger ones are sealed for everybody",
    WhenTooLarge.LET_THROUGH: "larger ones leave unscanned",
}


def examine(settings: Settings, say: Callable[[str], None]) -> Iterator[Finding]:
    """Run every check, in the order in which they matter; `say` is told of each as it begins."""
    checks: dict[str, Callable[[Settings], Iterator[Finding]]] = {
        "the keys": _keys,
        "the database": _store,
        "the store of sealed content": contents_checks.contents,
        "where heads of the audit go": heads,
        "the policy": policy_checks.policy,
        "the approvers": policy_checks.approvers,
        "the certificates": _certificates,
        "the disk": _disk,
        f"where mail goes next, {NEXT_HOP_SECONDS} seconds at most for each server": _next_hop,
        "the way back of bounces": _bounces,
        "the places that people sign in with": _sign_in,
        f"the malware scanners, {SCANNER_SECONDS} seconds at most for each": _scanners,
        "the versions": _python,
    }
    for what, check in checks.items():
        say(what)
        yield from check(settings)


def _keys(settings: Settings) -> Iterator[Finding]:
    folder = settings.keys_folder
    try:
        keys.load_sealing(folder, settings.keys)
        keys.load_relay(folder, settings.keys)
        keys.load_web_secret(folder, settings.keys)
        opening.load_opening(folder, settings.keys)
    except VaultError as error:
        yield Finding("keys", Verdict.BAD, str(error))
    else:
        yield good("keys", f"complete, in {folder}")


def _store(settings: Settings) -> Iterator[Finding]:
    if not settings.vault.is_begun:
        # Opening it would make it, perhaps as a user whose files the node cannot write.
        place = _existing(settings.vault.folder)
        if not os.access(place, os.W_OK):
            yield Finding("database", Verdict.BAD, f"this user may not write in {place}")
            return
        says = f"{settings.vault.database_file} is not there yet; the first start makes it"
        yield Finding("database", Verdict.WARNING, says)
        return
    try:
        Store(settings.vault).close()
    except VaultError as error:
        says = f"{settings.vault.database_name} cannot be used: {error}"
        yield Finding("database", Verdict.BAD, says)
    else:
        vault = settings.vault
        where = vault.database_name if vault.is_postgresql else f"in {vault.folder}"
        yield good("database", f"opens, {where}")


def _certificates(settings: Settings) -> Iterator[Finding]:
    pairs = {
        "certificate for mail clients": (settings.smtp.tls_certificate, settings.smtp.tls_key),
        _BROWSERS: (settings.web.tls_certificate, settings.web.tls_key),
    }
    for what, (path, key) in pairs.items():
        if path and key:
            found = _certificate(what, path, key)
            if what == _BROWSERS and found.verdict is Verdict.GOOD:
                found = _named(found, path, settings.organisation.public_url)
            yield found


def _named(found: Finding, path: Path, public_url: str) -> Finding:
    """Compare a certificate that browsers are shown with the name in the links."""
    host = urlsplit(public_url).hostname or ""
    if certificate.is_for(path, host):
        return found
    says = f"{path} is not for {host}, to which organisation.public_url leads: browsers warn"
    return Finding(found.what, Verdict.WARNING, says)


def _certificate(what: str, path: Path, key: Path) -> Finding:
    if why := certificate.unusable(path, key):
        return Finding(what, Verdict.BAD, why)
    ends = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    if ends < utc_now():
        return Finding(what, Verdict.BAD, f"{path} ended on {ends:%d %B %Y}; renew it")
    if ends < utc_now() + RENEW_WITHIN:
        return Finding(what, Verdict.WARNING, f"{path} ends on {ends:%d %B %Y}; renew it")
    return good(what, f"valid until {ends:%d %B %Y}")


def _disk(settings: Settings) -> Iterator[Finding]:
    free = shutil.disk_usage(_existing(settings.vault.folder)).free
    says = f"{free / (1 << 30):.1f} GiB free for {settings.vault.folder}"
    verdict = Verdict.GOOD if free >= FREE_BYTES else Verdict.WARNING
    yield Finding("disk", verdict, says)


def _existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


def _next_hop(settings: Settings) -> Iterator[Finding]:
    hops = {"next hop": ("next_hop", settings.next_hop)}
    hops |= {f"route {name}": (f"routes.{name}", hop) for name, hop in settings.routes.items()}
    for what, (section, hop) in hops.items():
        if hop.kind is Kind.MX:
            yield _names(what, settings)
        else:
            for host, port in hop.servers:
                yield from _server(what, section, hop, host, port)


def _names(what: str, settings: Settings) -> Finding:
    """Say whether the DNS, which a route by MX lives on, answers."""
    domain = settings.organisation.domains[0]
    try:
        asyncio.run(Resolver(settings.dns).exchangers(domain))
    except (DnsTroubleError, NoSuchNameError):
        says = f"the DNS does not know the mail servers of {domain}; mail by MX would wait"
        return Finding(what, Verdict.WARNING, says)
    return good(what, "goes to each domain's own mail servers; the DNS answers")


def _server(
    what: str, section: str, hop: NextHopSettings, host: str, port: int
) -> Iterator[Finding]:
    place = f"{host}:{port}"
    try:
        offers = _greet(hop, host, port)
    except (OSError, smtplib.SMTPException) as error:
        says = f"{place} does not answer ({type(error).__name__}); mail would wait in the queue"
        yield Finding(what, Verdict.WARNING, says)
        return
    if hop.tls in {"required", "verified"} and "starttls" not in offers:
        yield Finding(what, Verdict.BAD, f"{place} offers no STARTTLS, and {section}.tls asks")
    else:
        yield good(what, f"{place} answers")
    if "8bitmime" not in offers:
        says = f"{place} offers no 8BITMIME; mail with 8-bit text would come back"
        yield Finding(what, Verdict.WARNING, says)


def _greet(hop: NextHopSettings, host: str, port: int) -> set[str]:
    with smtplib.SMTP(host, port, hop.hello, timeout=NEXT_HOP_SECONDS) as client:
        client.ehlo()
        return set(client.esmtp_features)


def _bounces(settings: Settings) -> Iterator[Finding]:
    if settings.bounces.base is None:
        return
    trial = way_back.trial(settings)
    wrong = Verdict.BAD if trial.tried else Verdict.WARNING
    yield Finding("way back of bounces", Verdict.GOOD if trial.works else wrong, trial.says)


def _sign_in(settings: Settings) -> Iterator[Finding]:
    for section, wrong in signing_in.trouble(settings).items():
        what = f"sign-in by [{section}]"
        yield Finding(what, Verdict.BAD, wrong) if wrong else good(what, "can be asked")


def _scanners(settings: Settings) -> Iterator[Finding]:
    for name, one in settings.scanners.items():
        what, stops = f"scanner {name}", one.when_unavailable is WhenUnavailable.REFUSE_FOR_NOW
        scanner, seconds = scanner_of(one), min(one.timeout, SCANNER_SECONDS)
        try:
            about, finding = scanner.about(Deadline(seconds)), finds(scanner, seconds)
        except NotScannedError as error:
            verdict = Verdict.BAD if stops else Verdict.WARNING
            yield Finding(what, verdict, f"{one.address} {error.why.value}")
            continue
        if not finding:
            says = f"{about} does not find the EICAR test file: has it any signatures?"
            yield Finding(what, Verdict.WARNING, says)
        else:
            yield good(what, f"{about} answers and finds the EICAR test file")
        if one.max_size < settings.smtp.max_message:
            says = f"looks at mails up to {one.max_size.human_readable()}, and smtp.max_message is "
            says += f"{settings.smtp.max_message.human_readable()}: {_LARGER[one.when_too_large]}"
            yield Finding(f"size for {name}", Verdict.WARNING, says)


def _python(_: Settings) -> Iterator[Finding]:
    python = ".".join(str(part) for part in sys.version_info[:3])
    yield good("versions", f"Python {python}, {ssl.OPENSSL_VERSION}")
