"""Postfix as a peer, as it comes from Debian: with nothing that inspects, or with a filter.

The filter is what an administrator would build: a Python proxy before the queue
(`smtpd_proxy_filter`) that parses each mail with the standard library and looks for a few patterns.
Postfix must be started by root.
"""

import os
import pwd
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from bench.relay.peer import Peer, free_port, started, wait_for
from bench.relay.tree import Tree

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
message_size_limit = 120000000
default_destination_concurrency_limit = 50
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_client_message_rate_limit = 0
"""
# What every instance runs besides its doors, here and in the tests.
SERVICES = """\
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
MASTER = """\
127.0.0.1:{port} inet n - n - 100 smtpd{proxy}
{after}
{services}"""
PROXY = " -o smtpd_proxy_filter=127.0.0.1:{filter}"
AFTER = "127.0.0.1:{after} inet n - n - 100 smtpd -o smtpd_proxy_filter="
FILTER = Path(__file__).with_name("filtering.py")
GOING = 0.5  # seconds its last processes take to go


@contextmanager
def postfix(folder: Path, next_hop: int, *, filtered: bool = False) -> Iterator[Peer]:
    """Run one, with a queue and settings of its own."""
    for inner in ("config", "queue", "data", "log"):
        (folder / inner).mkdir(parents=True)
    port, filter_port, after_port = free_port(), free_port(), free_port()
    write(folder, port, next_hop, (filter_port, after_port) if filtered else None)
    words = [sys.executable, str(FILTER), str(filter_port), str(after_port)]
    with started(words, folder / "filter.log") if filtered else nullcontext():
        act(folder, "start")
        try:
            wait_for(port)
            top = int((folder / "queue" / "pid" / "master.pid").read_text())
            yield Peer("Postfix + filter" if filtered else "Postfix", port, Tree(top))
        finally:
            act(folder, "stop")
            time.sleep(GOING)


def write(folder: Path, port: int, next_hop: int, filtering: tuple[int, int] | None) -> None:
    """Write its two files of settings; `filtering` has the filter's port and the one behind it."""
    owner = pwd.getpwnam("postfix")
    os.chown(folder / "data", owner.pw_uid, owner.pw_gid)
    proxy = PROXY.format(filter=filtering[0]) if filtering else ""
    after = AFTER.format(after=filtering[1]) if filtering else ""
    config = folder / "config"
    (config / "main.cf").write_text(MAIN.format(folder=folder, next_hop=next_hop))
    (config / "master.cf").write_text(
        MASTER.format(port=port, proxy=proxy, after=after, services=SERVICES)
    )


def act(folder: Path, what: str) -> None:
    """Start or stop it."""
    command = ["postfix", "-c", str(folder / "config"), what]
    subprocess.run(command, check=what == "start", capture_output=True)
