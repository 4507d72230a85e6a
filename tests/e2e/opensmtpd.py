"""A real OpenSMTPD as next hop, which passes everything on to a sink.

Its package is only unpacked (it would take the place of Postfix): `deploy/setup/test-packages`. It
has the paths of its spool and its users compiled in: it gets them in a view of the file system that
it has for itself. It speaks no TLS here: Debian's of today breaks every handshake off.

    async with OpenSmtpd(folder, onward=sink.port) as hop:
        hop.port, hop.log()
"""

import os
import shutil
import smtplib
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pytest

from tests.e2e.machine import free_port, until

TOP = Path(__file__).parents[2]
UNPACKED = Path(os.environ.get("SEALGATE_UNPACKED", TOP / ".cache/unpacked"))
NAME = "hop.opensmtpd.example"
REFUSED = "refused.example"

SETTINGS = f"""\
listen on 127.0.0.1 port {{port}} hostname {NAME}
action "onward" relay host smtp://127.0.0.1:{{onward}}
match from any for domain "{REFUSED}" reject
match from any for any action "onward"
"""

IDS = {"opensmtpd": 64101, "opensmtpq": 64102}
ACCOUNTS = {"passwd": "{name}:x:{id}:{id}::/:/bin/false\n", "group": "{name}:x:{id}:\n"}

VIEW = """\
set -e
mount -t tmpfs none /run
mount -t tmpfs none /var/lib
mkdir -p /var/lib/opensmtpd/empty
mount -t tmpfs none /var/spool
mkdir /var/spool/smtpd
mount --bind "$1/spool" /var/spool/smtpd
mount --bind "$1/passwd" /etc/passwd
mount --bind "$1/group" /etc/group
exec "$2" -d -f "$1/smtpd.conf"
"""


def missing() -> str:
    """Why there can be no OpenSMTPD here; empty if there can."""
    if not (UNPACKED / "usr/sbin/smtpd").exists():
        return "opensmtpd is not unpacked: deploy/setup/test-packages does that"
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return "opensmtpd must be started by root, and needs unshare"
    tried = subprocess.run(
        ["unshare", "--mount", "sh", "-c", "mount -t tmpfs none /mnt"],
        capture_output=True,
        check=False,
    )
    return "" if tried.returncode == 0 else "this machine gives no view of its files to a process"


@dataclass
class OpenSmtpd:
    """The server. It may be stopped and started again; its queue stays."""

    folder: Path
    onward: int
    port: int = field(default_factory=free_port)

    async def __aenter__(self) -> Self:
        if why := missing():
            pytest.skip(why)
        self.folder.mkdir()
        (self.folder / "spool").mkdir(mode=0o711)
        settings = SETTINGS.format(folder=self.folder, port=self.port, onward=self.onward)
        (self.folder / "smtpd.conf").write_text(settings)
        for of, line in ACCOUNTS.items():
            known = Path(f"/etc/{of}").read_text(encoding="utf-8")  # noqa: ASYNC240
            ours = "".join(line.format(name=name, id=id_) for name, id_ in IDS.items())
            (self.folder / of).write_text(known + ours, encoding="utf-8")
        await self.start()
        return self

    async def __aexit__(self, *why: object) -> None:
        self.stop()

    async def start(self) -> None:
        """Start it and wait until it answers."""
        self._running = self._begin()
        await until(self._answers, 20)

    def _begin(self) -> "subprocess.Popen[bytes]":
        libraries = ":".join(map(str, UNPACKED.glob("usr/lib/*-linux-*")))
        program = UNPACKED / "usr/sbin/smtpd"
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                ["unshare", "--mount", "sh", "-c", VIEW, "view", self.folder, program],
                env={"PATH": os.environ["PATH"], "LD_LIBRARY_PATH": libraries},
                stdout=log,
                stderr=log,
            )

    def _answers(self) -> bool:
        assert self._running.poll() is None, self.log()
        try:
            smtplib.SMTP("127.0.0.1", self.port, timeout=5).quit()
        except (OSError, smtplib.SMTPException):
            return False
        return True

    def stop(self) -> None:
        """Stop it, as its own service does."""
        self._running.terminate()
        self._running.wait(20)

    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")
