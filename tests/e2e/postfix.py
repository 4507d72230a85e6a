"""A real Postfix of our own, next to whatever the machine runs: its folders, its port, its mail.

    async with Postfix(relay_port=sink.port) as postfix:
        ...                                   # SMTP on 127.0.0.1, postfix.port
        await postfix.mails_in("sam@council.example")

Mail for `domains` is delivered into mailboxes here, mail for others is relayed to `relay_port`.
Postfix must be started by root: as another user this goes through sudo, or the tests are skipped.
"""

import asyncio
import os
import pwd
import shutil
import smtplib
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pytest

from bench.relay.postfix import SERVICES
from sealgate import certificate
from tests.e2e.conftest import need
from tests.e2e.machine import free_port
from tests.e2e.stage import DOMAIN

OWNER, DROP_GROUP = "postfix", "postdrop"

MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
mail_owner = {owner}
setgid_group = {drop_group}
maillog_file = {folder}/log/mail.log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = {name}.{domain}
myorigin = {domain}
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
relayhost = {relay}
# The node is on this machine; elsewhere Postfix would not touch a stranger's header either.
local_header_rewrite_clients =
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_tls_security_level = may
smtpd_tls_chain_files = {folder}/config/certificate.key, {folder}/config/certificate.pem
smtp_tls_security_level = {outgoing_tls}
virtual_mailbox_domains = {domains}
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = texthash:{folder}/config/mailboxes
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
message_size_limit = 20971520
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 2s
{more}
"""

MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup    unix  n - n 1 1 pickup
showq     unix  n - n - - showq
discard   unix  - - n - - discard
virtual   unix  - n n - - virtual
{services}"""


@dataclass
class Postfix:
    """One instance. Of its `domains` it knows the addresses in `mailboxes` and refuses others."""

    relay_port: int
    name: str = "mail"
    domains: tuple[str, ...] = ()
    mailboxes: tuple[str, ...] = ()
    outgoing_tls: str = "none"
    more: str = ""  # lines for main.cf
    port: int = field(default_factory=free_port)

    async def __aenter__(self) -> Self:
        self._postfix = need("postfix")
        self._as_root = way_to_root()
        # Not below pytest's folder: that is closed to Postfix's own user.
        self.folder = Path(tempfile.mkdtemp(prefix="sealgate-postfix-"))
        self._write()
        try:
            await self.start()
        except BaseException:
            await self.stop()
            self._remove()
            raise
        return self

    async def __aexit__(self, *why: object) -> None:
        await self.stop()
        self._remove()

    @property
    def config(self) -> Path:
        return self.folder / "config"

    def _write(self) -> None:
        owner = pwd.getpwnam(OWNER)
        for name in ("config", "queue", "data", "mail", "log"):
            (self.folder / name).mkdir()
        self.folder.chmod(0o755)
        certificate.make(self.config)
        values = {
            "folder": self.folder,
            "owner": OWNER,
            "drop_group": DROP_GROUP,
            "name": self.name,
            "domain": DOMAIN,
            "outgoing_tls": self.outgoing_tls,
            "relay": f"[127.0.0.1]:{self.relay_port}",
            "domains": " ".join(self.domains),
            "uid": owner.pw_uid,
            "gid": owner.pw_gid,
            "more": self.more,
        }
        (self.config / "main.cf").write_text(MAIN.format(**values))
        (self.config / "master.cf").write_text(MASTER.format(port=self.port, services=SERVICES))
        (self.config / "mailboxes").write_text("".join(f"{one} {one}/\n" for one in self.mailboxes))
        self._run("chown", "-R", "root:root", self.config, self.folder / "queue")
        self._run("chown", f"{OWNER}:", self.folder / "data", self.folder / "mail")

    def _remove(self) -> None:
        self._run("rm", "-rf", self.folder)

    def _run(self, *words: str | Path, check: bool = True) -> str:
        command = [*self._as_root, *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        said = done.stdout + done.stderr
        if check and done.returncode:
            raise AssertionError(f"{command}: {said}\n{self.log()}")
        return said

    async def start(self) -> None:
        """Start it and wait until it greets."""
        await asyncio.to_thread(self._run, self._postfix, "-c", self.config, "start")
        await self.wait_until(self._greets)

    async def stop(self) -> None:
        """Stop it; what is queued stays."""
        command = (self._postfix, "-c", self.config, "stop")
        await asyncio.to_thread(self._run, *command, check=False)

    def _greets(self) -> bool:
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=5):
                return True
        except OSError:
            return False

    async def wait_until(self, condition: Callable[[], object], seconds: float = 30) -> None:
        """Wait until something is true; fails with the log after `seconds`."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not await asyncio.to_thread(condition):
            if asyncio.get_running_loop().time() > deadline:
                raise AssertionError(f"not within {seconds} s:\n{self.log()[-4000:]}")
            await asyncio.sleep(0.1)

    def log(self) -> str:
        """What it has logged so far."""
        return self._run("sh", "-c", f"cat {self.folder}/log/* 2>/dev/null", check=False)

    def delivered(self, mailbox: str) -> list[bytes]:
        """The mails in a mailbox, oldest first, as Postfix stored them: lines end in LF."""
        folder = self.folder / "mail" / mailbox / "new"
        names = self._run("sh", "-c", f"ls -tr {folder} 2>/dev/null", check=False).split()
        read = [*self._as_root, "cat"]
        return [
            subprocess.run([*read, folder / name], capture_output=True, check=True).stdout
            for name in names
        ]

    async def mails_in(
        self, mailbox: str, count: int = 1, where: Callable[[bytes], bool] = lambda _: True
    ) -> list[bytes]:
        """Wait for mails in a mailbox."""
        found: list[bytes] = []

        def there() -> bool:
            found[:] = filter(where, self.delivered(mailbox))
            return len(found) >= count

        await self.wait_until(there)
        return found

    async def sendmail(self, sender: str, to: list[str], content: bytes) -> None:
        """Send as programs on a mail server do."""
        await asyncio.to_thread(self._sendmail, sender, to, content)

    def _sendmail(self, sender: str, to: list[str], content: bytes) -> None:
        command = [*self._as_root, "env", f"MAIL_CONFIG={self.config}", need("sendmail")]
        done = subprocess.run(
            [*command, "-i", "-f", sender, *to], input=content, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()


def way_to_root() -> list[str]:
    """What to put before a command that root must run; skips the test if there is no way."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if (
        sudo
        and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0
    ):
        return [sudo, "-n"]
    pytest.skip("Postfix must be started by root, and this user may not become root")
