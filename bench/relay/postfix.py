"""Postfix as a peer, as it comes from Debian: with nothing that inspects, or with a filter.

The filter is what an administrator would build: a Python proxy before the queue
(`smtpd_proxy_filter`) that parses each mail with the standard library and looks for a few patterns.
"""

import contextlib
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.relay.ports import free_port, wait_for

MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/log/mail.log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.council.example
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
relayhost = [127.0.0.1]:{next_hop}
smtpd_relay_restrictions = permit_mynetworks, reject
smtp_tls_security_level = none
message_size_limit = 60000000
default_destination_concurrency_limit = 50
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_client_message_rate_limit = 0
"""
MASTER = """\
127.0.0.1:{port} inet n - n - 100 smtpd{proxy}
{after}
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 1 1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
smtp      unix  - - n - - smtp
relay     unix  - - n - - smtp
error     unix  - - n - - error
retry     unix  - - n - - error
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""
PROXY = " -o smtpd_proxy_filter=127.0.0.1:{filter}"
AFTER = "127.0.0.1:{after} inet n - n - 100 smtpd -o smtpd_proxy_filter="
FILTER = Path(__file__).with_name("filter.py")


class Postfix:
    """A running Postfix with a queue and settings of its own. It must be started by root."""

    def __init__(self, next_hop: int, *, filtered: bool = False) -> None:
        self.name = "Postfix + filter" if filtered else "Postfix"
        self._filtered = filtered
        self._next_hop = next_hop
        self.port, self._filter_port, self._after_port = free_port(), free_port(), free_port()
        self._filter: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        # /tmp may be closed to Postfix's own user below another folder.
        self._folder = Path(tempfile.mkdtemp(prefix="bench-postfix-"))
        self._folder.chmod(0o755)
        self._write()
        if self._filtered:
            ports = [str(self._filter_port), str(self._after_port)]
            self._filter = subprocess.Popen([sys.executable, FILTER, *ports])
        subprocess.run(["postfix", "-c", self._folder / "config", "start"], check=True,
                       capture_output=True)  # fmt: skip
        wait_for(self.port)
        return self

    def _write(self) -> None:
        owner = pwd.getpwnam("postfix")
        for name in ("config", "queue", "data", "log"):
            (self._folder / name).mkdir()
        os.chown(self._folder / "data", owner.pw_uid, owner.pw_gid)
        values = {"folder": self._folder, "port": self.port, "next_hop": self._next_hop}
        proxy = PROXY.format(filter=self._filter_port) if self._filtered else ""
        after = AFTER.format(after=self._after_port) if self._filtered else ""
        config = self._folder / "config"
        (config / "main.cf").write_text(MAIN.format(**values))
        (config / "master.cf").write_text(MASTER.format(**values, proxy=proxy, after=after))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        subprocess.run(["postfix", "-c", self._folder / "config", "stop"], check=False,
                       capture_output=True)  # fmt: skip
        if self._filter:
            self._filter.terminate()
            self._filter.wait()
        time.sleep(0.5)  # its last processes are going
        shutil.rmtree(self._folder, ignore_errors=True)

    def processes(self) -> list[int]:
        """Return the master and its children; they come and go, so CPU is not counted."""
        with contextlib.suppress(OSError, ValueError):
            top = int((self._folder / "queue" / "pid" / "master.pid").read_text())
            children = Path(f"/proc/{top}/task/{top}/children").read_text().split()
            return [top, *map(int, children)]
        return []
