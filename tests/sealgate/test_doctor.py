"""The doctor: quiet about a good node, plain about a broken one, and it changes nothing."""

import json
import os
import pty
import re
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from policies.language import loader
from sealgate import certificate
from tests import directory
from tests.scanners import Icap, clamd, crooked, unchanged
from tests.sealgate.governed import opened
from tests.sealgate.node import PASSWORD, Node, everything_below
from vault import rulebook
from vault.clock import utc_now


class Talk(socketserver.StreamRequestHandler):
    """A next hop that greets and says what it offers."""

    offers: tuple[str, ...] = ()

    def handle(self) -> None:
        self.wfile.write(b"220 hop.example ESMTP\r\n")
        while line := self.rfile.readline():
            if line.upper().startswith(b"QUIT"):
                self.wfile.write(b"221 2.0.0 Bye\r\n")
                return
            offers = "".join(f"250-{one}\r\n" for one in self.offers)
            self.wfile.write(f"{offers}250 HELP\r\n".encode())


def with_scanner(node: Node, **settings: object) -> None:
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    text = '[smtp]\nmax_message = "20 MiB"'
    node.spoil("[smtp]", "\n".join(["[scanners.av]", *lines, "", text]))


@contextmanager
def next_hop(node: Node, *offers: str) -> Iterator[None]:
    """A next hop on a free port, which the node's settings name."""
    talk = type("Talk", (Talk,), {"offers": ("hop.example", *offers)})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), talk) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        node.spoil("port = 9", f"port = {server.server_address[1]}")
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def findings(node: Node) -> tuple[int, dict[str, tuple[str, str]]]:
    """The exit code, and for each thing looked at the verdict and what was said."""
    result = node.type("doctor")
    rows = [
        re.match(r"(ok|warning|stops mail) +([^:]+): (.*)", line)
        for line in result.stdout.splitlines()
    ]
    assert all(rows), result.output
    return result.exit_code, {row[2]: (row[1], row[3]) for row in rows if row}


def test_a_good_node_is_good(ready: Node) -> None:
    ready.type("user", "add", "jo@council.example", "--password-stdin", stdin=PASSWORD)
    with next_hop(ready, "8BITMIME"):
        code, found = findings(ready)
    assert code == 0
    assert {verdict for verdict, _ in found.values()} == {"ok"}, found
    assert set(found) == {
        "keys",
        "database",
        "policy",
        "certificate for mail clients",
        "certificate for browsers",
        "disk",
        "next hop",
        "versions",
    }


def test_on_a_terminal_each_check_is_said_as_it_begins(ready: Node) -> None:
    """And wiped away again; what is piped on holds findings and nothing else."""
    screen, terminal = pty.openpty()
    ran = subprocess.run(
        [sys.executable, "-m", "sealgate", "doctor", "--config", str(ready.config)],
        stdout=subprocess.PIPE,
        stderr=terminal,
        check=True,
        text=True,
    )
    os.close(terminal)
    seen = os.read(screen, 1 << 16).decode()
    os.close(screen)
    said = re.findall(r"looking at (.*?) …", seen)
    assert said[:2] == ["the keys", "the database"]
    assert "where mail goes next, 5 seconds at most for each server" in said
    assert said[-1] == "the versions"
    assert seen.endswith("\r\033[K"), "the last one is wiped away, too"
    assert "looking at" not in ran.stdout
    assert "next hop: " in ran.stdout


def test_it_changes_nothing_not_even_on_a_new_node(bare: Node) -> None:
    """It may be run by root, whose files the node could not write later."""
    before = everything_below(bare.folder)
    code, found = findings(bare)
    assert code == 1, "there are no keys"
    assert found["database"][0] == "warning"
    assert everything_below(bare.folder) == before


def no_keys(node: Node) -> None:
    (node.keys / "vault.private").unlink()


def open_keys(node: Node) -> None:
    (node.keys / "vault.private").chmod(0o644)


def mixed_up_keys(node: Node) -> None:
    (node.keys / "vault.public").write_bytes((node.keys / "relay.public").read_bytes())


def damaged_database(node: Node) -> None:
    (node.folder / "vault" / "sealgate.sqlite").write_bytes(b"not a database at all" * 100)


def broken_policy(node: Node) -> None:
    (node.folder / "policy.yaml").write_text("version: 1\nrules: [{name: x, then: refuze}]\n")


def no_policy(node: Node) -> None:
    (node.folder / "policy.yaml").unlink()


def no_certificate(node: Node) -> None:
    (node.folder / "certificate.pem").unlink()


def other_certificate(node: Node) -> None:
    write_certificate(node.folder / "certificate.pem", timedelta(days=90))


def old_certificate(node: Node) -> None:
    key = write_certificate(node.folder / "certificate.pem", timedelta(days=-1))
    (node.folder / "certificate.key").write_bytes(key)


def ageing_certificate(node: Node) -> None:
    key = write_certificate(node.folder / "certificate.pem", timedelta(days=3))
    (node.folder / "certificate.key").write_bytes(key)


def write_certificate(path: Path, lives: timedelta) -> bytes:
    """Write a certificate that ends after `lives`; give its key (PEM)."""
    key, now = ec.generate_private_key(ec.SECP256R1()), utc_now()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + lives)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def certificate_of_another_name(node: Node) -> None:
    certificate.make(node.folder, "localhost")


def no_folder_for_heads(node: Node) -> None:
    file = node.folder / "elsewhere" / "heads.jsonl"
    node.spoil("[smtp]", f'[audit]\nheads_file = "{file}"\n\n[smtp]')


def nothing(node: Node) -> None:
    """The next hop of the settings is a port where nobody listens."""


BROKEN: list[tuple[Callable[[Node], None], str, str, str]] = [
    (no_keys, "keys", "stops mail", "vault.private"),
    (open_keys, "keys", "stops mail", "vault.private"),
    (mixed_up_keys, "keys", "stops mail", "vault.public"),
    (damaged_database, "database", "stops mail", "sealgate.sqlite cannot be used"),
    (damaged_database, "database", "stops mail", "that file is no database"),
    (no_folder_for_heads, "file of audit heads", "stops mail", "there is no folder"),
    (broken_policy, "policy", "stops mail", "did you mean 'refuse'?"),
    (no_policy, "policy", "stops mail", "policy.yaml"),
    (no_certificate, "certificate for mail clients", "stops mail", "certificate.pem"),
    (other_certificate, "certificate for browsers", "stops mail", "certificate.pem"),
    (old_certificate, "certificate for browsers", "stops mail", "renew it"),
    (ageing_certificate, "certificate for mail clients", "warning", "renew it"),
    (certificate_of_another_name, "certificate for browsers", "warning", "secure.council.example"),
    (nothing, "next hop", "warning", "mail would wait in the queue"),
]


@pytest.mark.parametrize(
    ("spoil", "what", "verdict", "said"), BROKEN, ids=lambda x: getattr(x, "__name__", "")
)
def test_a_broken_node_is_told_plainly(
    spoil: Callable[[Node], None], what: str, verdict: str, said: str, ready: Node
) -> None:
    spoil(ready)
    code, found = findings(ready)
    assert found[what][0] == verdict, found
    assert said in found[what][1]
    assert code == (1 if verdict == "stops mail" else 0)
    assert "versions" in found, "it goes on after a finding"


def test_what_goes_on_deciding_when_the_policy_file_is_broken(ready: Node) -> None:
    digest = "3f2a9c01b7de" + "0" * 52
    with closing(opened(ready)) as store, store.writing() as tx:
        rulebook.write(tx, rulebook.PolicyActKind.ACTIVATED, digest, by="jo")
    broken_policy(ready)
    code, found = findings(ready)
    assert code == 1
    assert found["policy"][0] == "stops mail"
    assert found["policy in force"][0] == "warning"
    assert "3f2a9c01b7de goes on deciding in a running node" in found["policy in force"][1]
    assert "sealgate policy rollback 3f2a9c01b7de" in found["policy in force"][1]


def test_a_rollback_is_not_offered_where_it_would_not_help(ready: Node) -> None:
    digest = loader.read(ready.folder / "policy.yaml").digest
    with closing(opened(ready)) as store, store.writing() as tx:
        rulebook.write(tx, rulebook.PolicyActKind.ACTIVATED, digest, by="jo")
    (ready.folder / "rosters").mkdir()
    (ready.folder / "rosters" / "pupils.roster").write_text("nonsense")
    code, found = findings(ready)
    assert code == 1
    assert found["policy"][0] == "stops mail"
    assert f"{digest[:12]} goes on deciding" in found["policy in force"][1]
    assert "rollback" not in found["policy in force"][1]


def test_a_next_hop_without_the_tls_that_is_asked_for(ready: Node) -> None:
    ready.spoil("port = 9", 'tls = "required"\nport = 9')
    with next_hop(ready, "8BITMIME"):
        code, found = findings(ready)
    assert (code, found["next hop"][0]) == (1, "stops mail")
    assert "STARTTLS" in found["next hop"][1]


def test_a_next_hop_without_8bitmime(ready: Node) -> None:
    with next_hop(ready):
        code, found = findings(ready)
    assert (code, found["next hop"][0]) == (0, "warning")


def test_an_approver_who_is_no_user(ready: Node) -> None:
    approvers = '"boss@council.example", "jo@council.example=jo"'
    ready.spoil("[policy]\n", f"[policy]\napproval = true\napprovers = [{approvers}]\n")
    assert "approvers" not in findings(ready)[1], "nobody can be a user before there is a database"
    ready.type("user", "add", "Boss@council.example", "--password-stdin", stdin=PASSWORD)
    verdict, says = findings(ready)[1]["approvers"]
    assert verdict == "warning"
    assert says == (
        "no user, so that they cannot approve a policy: jo@council.example. See: sealgate user add"
    )
    ready.type("user", "add", "jo@council.example", "--password-stdin", stdin=PASSWORD)
    assert findings(ready)[1]["approvers"] == ("ok", "2, each a user")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_a_policy_that_anybody_may_have_saved(ready: Node) -> None:
    ready.spoil("[policy]\n", '[policy]\napproval = true\napprovers = ["jo@council.example=jo"]\n')
    verdict, says = findings(ready)[1]["policy file"]
    assert verdict == "warning"
    assert "belongs to root, so that whoever saved it may approve it" in says
    os.chown(ready.folder / "policy.yaml", 65534, -1)
    assert "policy file" not in findings(ready)[1]


def test_a_scanner_is_shown_what_it_must_find(ready: Node) -> None:
    with clamd() as address:
        with_scanner(ready, address=address)
        _, found = findings(ready)
    verdict, says = found["scanner av"]
    assert verdict == "ok"
    assert re.match(r"ClamAV 1\..+ answers and finds the EICAR test file", says)
    assert "size for av" not in found


def test_a_scanner_that_finds_nothing_is_no_scanner(ready: Node) -> None:
    with crooked(Icap(unchanged)) as address:
        with_scanner(ready, kind="icap", address=address, service="avscan", max_size="1 MiB")
        _, found = findings(ready)
    assert found["scanner av"] == (
        "warning",
        "Testscan 1.0 does not find the EICAR test file: has it any signatures?",
    )
    assert found["size for av"] == (
        "warning",
        "looks at mails up to 1.0MiB, and smtp.max_message is 20.0MiB: larger ones are refused",
    )


@pytest.mark.parametrize(
    ("when", "verdict"), [("refuse_for_now", "stops mail"), ("pass", "warning")]
)
def test_a_scanner_that_is_down(ready: Node, when: str, verdict: str) -> None:
    with_scanner(ready, address="127.0.0.1:9", when_unavailable=when)
    _, found = findings(ready)
    assert found["scanner av"] == (verdict, "127.0.0.1:9 cannot be reached")


SIGN_IN = """\
[ldap]
url = "{ldap}"
base = "dc=council,dc=gov,dc=uk"
bind_dn = "cn=reader,dc=council,dc=gov,dc=uk"
bind_password = "{password}"
timeout = 2

[oauth]
issuer = "http://127.0.0.1:{issuer}"
audience = "sealgate"
timeout = 2

[smtp]
"""


@pytest.mark.skipif(bool(directory.missing()), reason=directory.missing() or "-")
def test_where_people_are_known_is_asked(ready: Node, tmp_path: Path) -> None:
    with directory.directory(tmp_path / "ldap") as known:
        good = {"ldap": known.url, "password": directory.READER_PASSWORD, "issuer": 9}
        ready.spoil("[smtp]\n", SIGN_IN.format(**good))
        code, found = findings(ready)
        assert found["sign-in by [ldap]"] == ("ok", "can be asked")
        verdict, says = found["sign-in by [oauth]"]
        assert (code, verdict) == (1, "stops mail")
        assert "keys_url" in says
        ready.spoil(directory.READER_PASSWORD, "mistyped")
        verdict, says = findings(ready)[1]["sign-in by [ldap]"]
        assert verdict == "stops mail"
        assert "bind_dn" in says
        assert "mistyped" not in says


@pytest.mark.parametrize(
    ("named", "host", "fits"),
    [
        ("secure.council.example", "secure.council.example", True),
        ("secure.council.example", "SECURE.council.example", True),
        ("secure.council.example", "127.0.0.1", True),
        ("*.council.example", "secure.council.example", True),
        ("*.council.example", "very.secure.council.example", False),
        ("*.council.example", "council.example", False),
        ("localhost", "secure.council.example", False),
    ],
)
def test_whose_certificate_it_is(tmp_path: Path, named: str, host: str, fits: bool) -> None:
    assert certificate.is_for(certificate.make(tmp_path, named).path, host) is fits
