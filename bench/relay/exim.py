"""Exim as a peer, unpacked from Debian's packages without being installed.

Debian's Exim drops its rights to a user of its own and reads one place for its settings. It is
shown a copy of /etc that has both, in a mount namespace, so nothing of the machine changes. It must
be started by root; where it cannot be had, the table goes without it.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.relay.peer import Peer, free_port, started, wait_for
from bench.relay.tree import Tree
from bench.relay.unavailable import UnavailableError

CACHE = Path.home() / ".cache" / "sealgate-bench" / "exim"
PACKAGES = ("exim4-daemon-light", "exim4-base", "libidn12")
USER = 991
SETTINGS = """\
exim_path = {program}
primary_hostname = mail.council.example
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
tls_advertise_hosts =
smtp_accept_max = 200
smtp_accept_max_per_host = 0
smtp_accept_queue_per_connection = 0
smtp_receive_timeout = 60s
message_size_limit = 120M
host_lookup =
rfc1413_hosts =
acl_smtp_rcpt = accept
acl_smtp_data = accept
begin acl
accept:
  accept
begin routers
onward:
  driver = manualroute
  transport = onward
  route_list = * 127.0.0.1
  self = send
begin transports
onward:
  driver = smtp
  port = {next_hop}
  hosts_try_chunking =
  allow_localhost
"""
# Exim starts itself again as its own user, who finds program and libraries under these names.
PROGRAM = "/mnt/usr/sbin/exim4"
LIBRARIES = "/mnt/usr/lib/x86_64-linux-gnu"
INSIDE = (
    f"mount --bind {{etc}} /etc && mount --bind {{root}} /mnt && ldconfig && exec {PROGRAM} -bdf"
)


@contextmanager
def exim(folder: Path, next_hop: int) -> Iterator[Peer]:
    """Run one. Raises UnavailableError."""
    root = unpack()
    port = free_port()
    write(folder, port, next_hop)
    inside = INSIDE.format(etc=folder / "etc", root=root)
    with started(["unshare", "-m", "sh", "-c", inside], folder / "output") as process:
        wait_for(port)
        yield Peer("Exim", port, Tree(process.pid))


def unpack() -> Path:
    """Return the folder that holds it, fetched if it was not. Raises UnavailableError."""
    root = CACHE / "root"
    if not (root / "usr/sbin/exim4").exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        try:
            fetch = ["apt-get", "download", *PACKAGES]
            subprocess.run(fetch, cwd=CACHE, check=True, capture_output=True, timeout=120)
            for package in CACHE.glob("*.deb"):
                subprocess.run(["dpkg", "-x", package, root], check=True)
        except (OSError, subprocess.SubprocessError) as error:
            raise UnavailableError(f"Exim: Debian's package could not be had ({error})") from error
    return root


def write(folder: Path, port: int, next_hop: int) -> None:
    """Write its settings, and the account it is to see."""
    folder.mkdir()
    etc = Path(shutil.copytree("/etc", folder / "etc", symlinks=True))
    (etc / "exim4").mkdir(exist_ok=True)
    settings = SETTINGS.format(program=PROGRAM, folder=folder, port=port, next_hop=next_hop)
    (etc / "exim4" / "exim4.conf").write_text(settings)
    (etc / "ld.so.conf.d" / "exim.conf").write_text(f"{LIBRARIES}\n")
    for name, line in (
        ("passwd", f"Debian-exim:x:{USER}:{USER}::/nonexistent:/usr/sbin/nologin\n"),
        ("group", f"Debian-exim:x:{USER}:\n"),
    ):
        with (etc / name).open("a") as accounts:
            accounts.write(line)
    for inner in ("spool", "log"):
        (folder / inner).mkdir()
        os.chown(folder / inner, USER, USER)
