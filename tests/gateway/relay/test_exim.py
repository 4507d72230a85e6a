"""A real Exim as next hop: what it takes is what was sent, over one connection.

The package is only unpacked (it would take the place of Postfix): `deploy/setup/test-packages`.
"""

import os
import shutil
import smtplib
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from gateway.relay.answers import Answer
from gateway.relay.letter import Letter
from gateway.relay.parameters import MailParameters, Notify, RecipientParameters, Ret
from gateway.relay.routes import Routes, Way
from gateway.relay.sender import Sender
from gateway.relay.settings import NextHopSettings, TlsMode
from tests.certificates import self_signed
from tests.e2e.machine import free_port
from vault.address import Address

pytestmark = pytest.mark.e2e

TOP = Path(__file__).parents[3]
UNPACKED = Path(os.environ.get("SEALGATE_UNPACKED", TOP / ".cache/unpacked"))
OWNER = "nobody"
JANE, AMY = Address.parse("jane@council.gov.uk"), Address.parse("amy@example.org")
NAME = "exim.example"

CONFIGURATION = """\
exim_user = {owner}
exim_group = {group}
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/exim.pid
primary_hostname = {name}
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
keep_environment =
queue_only = true
log_selector = +smtp_connection +smtp_mailauth
smtputf8_advertise_hosts = *
dsn_advertise_hosts = *
tls_advertise_hosts = *
tls_certificate = {folder}/certificate.pem
tls_privatekey = {folder}/key.pem
acl_smtp_rcpt = judge
acl_smtp_data = accept
begin acl
judge:
  deny    local_parts = unknown
          message = No such user
  defer   local_parts = later
  accept
begin routers
all:
  driver = accept
  transport = nowhere
begin transports
nowhere:
  driver = appendfile
  file = /dev/null
"""


@dataclass
class Exim:
    """A running Exim that keeps what it takes in its queue."""

    folder: Path
    port: int

    def queued(self) -> dict[str, tuple[str, bytes]]:
        """Return header and body of each mail, by subject; Exim keeps lines with LF."""
        found = {}
        for data in (self.folder / "spool" / "input").glob("*-D"):
            about = data.with_name(data.name[:-1] + "H").read_bytes().decode("utf-8")
            subject = about.partition("Subject: ")[2].partition("\n")[0]
            found[subject] = (about, data.read_bytes().partition(b"\n")[2])
        return found

    def log(self) -> str:
        return (self.folder / "log" / "mainlog").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def exim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exim]:
    program = UNPACKED / "usr/sbin/exim4"
    if not program.exists():
        pytest.skip("exim4 is not unpacked: deploy/setup/test-packages does that")
    if os.geteuid() != 0:
        pytest.skip("exim4 must be started by root")
    libraries = next(UNPACKED.glob("usr/lib/*/libnss_wrapper.so")).parent
    folder = tmp_path_factory.mktemp("exim")
    for up in (folder, *folder.parents[:3]):
        up.chmod(up.stat().st_mode | 0o055)
    self_signed(folder, NAME)
    (folder / "key.pem").chmod(0o644)
    for part in ("spool", "log"):
        (folder / part).mkdir()
        shutil.chown(folder / part, OWNER, "nogroup")
    port = free_port()
    configuration = folder / "exim.conf"
    configuration.write_text(
        CONFIGURATION.format(owner=OWNER, group="nogroup", folder=folder, name=NAME, port=port)
    )
    # It was built for a user that its package makes: that name is given to another.
    for of, line in (("passwd", "Debian-exim:x:65534:65534::/:/bin/false"),
                     ("group", "Debian-exim:x:65534:")):  # fmt: skip
        known = Path("/etc", of).read_text(encoding="utf-8")
        (folder / of).write_text(f"{known}{line}\n", encoding="utf-8")
    environment = {
        "LD_LIBRARY_PATH": str(libraries),
        "LD_PRELOAD": str(libraries / "libnss_wrapper.so"),
        "NSS_WRAPPER_PASSWD": str(folder / "passwd"),
        "NSS_WRAPPER_GROUP": str(folder / "group"),
    }
    command = [str(program), "-C", str(configuration), "-bdf"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as running:
        try:
            _wait(port, running)
            yield Exim(folder, port)
        finally:
            running.terminate()


def _wait(port: int, running: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        try:
            smtplib.SMTP("127.0.0.1", port).quit()
        except OSError:
            assert running.poll() is None, running.stderr and running.stderr.read()
            time.sleep(0.05)
        else:
            return
    raise AssertionError("Exim does not answer")


def letter(subject: str, body: bytes, *to: Address) -> Letter:
    content = f"From: jane@council.gov.uk\r\nSubject: {subject}\r\n\r\n".encode() + body
    return Letter(JANE, to or (AMY,), [content], len(content), eight_bit=not content.isascii())


async def send(exim: Exim, *letters: Letter) -> list[dict[Address, Answer]]:
    hop = {
        "port": exim.port,
        "tls": "none",
        "tls_name": NAME,
        "tls_authorities": exim.folder / "certificate.pem",
    }
    sender = Sender(Routes(NextHopSettings.model_validate(hop)))
    try:
        return [await sender.send(one) for one in letters]
    finally:
        await sender.close()


BODIES = {
    "plain": b"Good morning\r\n",
    "dots": b".\r\n..\r\n.x\r\n",
    "empty": b"",
    "latin": "café\r\n".encode(),
    "long line": b"x" * 20_000 + b"\r\n",
    "large": b"y" * 76 + b"\r\n" + b"z.\r\n.\r\n" * 200_000,
}


@pytest.mark.parametrize("tls", [TlsMode.NONE, TlsMode.VERIFIED])
async def test_what_exim_takes_is_what_was_sent(exim: Exim, tls: TlsMode) -> None:
    before = exim.log().count("SMTP connection from")
    letters = [
        replace(letter(f"{name} {tls}", body), way=Way(tls=tls)) for name, body in BODIES.items()
    ]
    for answers in await send(exim, *letters):
        assert answers[AMY].positive
    for name, body in BODIES.items():
        about, kept = exim.queued()[f"{name} {tls}"]
        assert kept == body.replace(b"\r\n", b"\n")
        assert (" P=esmtps" in about or "-received_protocol esmtps" in about) is (
            tls is TlsMode.VERIFIED
        )
    # The count has a line for the beginning and one for the end of a connection.
    assert exim.log().count("SMTP connection from") - before <= 2


async def test_each_recipient_is_answered_for_and_the_connection_goes_on(exim: Exim) -> None:
    unknown, later = (Address.parse(f"{name}@example.org") for name in ("unknown", "later"))
    nobody, some, after = await send(
        exim,
        letter("nobody", b"x\r\n", unknown, later),
        letter("some", b"x\r\n", AMY, unknown),
        letter("after", b"x\r\n"),
    )
    assert (nobody[unknown].permanent, nobody[later].temporary) == (True, True)
    assert (some[AMY].positive, some[unknown].permanent) == (True, True)
    assert after[AMY].positive
    assert "nobody" not in exim.queued()


async def test_parameters_are_understood(exim: Exim) -> None:
    zoe = Address.parse("zoë@example.org")
    asked = replace(
        letter("asked", b"x\r\n", AMY, zoe),
        asked=MailParameters(ret=Ret.HDRS, envid="QQ42"),
        asked_for={AMY: RecipientParameters(notify=frozenset({Notify.SUCCESS}))},
    )
    (answers,) = await send(exim, asked)
    assert all(one.positive and one.reports for one in answers.values())
    about, _ = exim.queued()["asked"]
    assert "QQ42" in about
    assert "zoë@example.org" in about
