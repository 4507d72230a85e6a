"""Haraka as a peer, from npm: it inspects nothing and hands each mail on while its client waits.

Installed once into a cache of the user's. Where npm cannot give it, the table goes without it.
"""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.relay.peer import Peer, free_port, started, wait_for
from bench.relay.tree import Tree
from bench.relay.unavailable import UnavailableError

# Fixed where npm's newest of these cannot be had together.
PACKAGE = {
    "private": True,
    "dependencies": {"Haraka": "3.1.6"},
    "overrides": {"encoding-japanese": "2.2.0", "libqp": "2.1.1", "libbase64": "1.3.0"},
}
INSTALL = ["npm", "install", "--no-fund", "--no-audit", "--omit=optional", "--ignore-scripts"]
CACHE = Path.home() / ".cache" / "sealgate-bench" / "haraka"
ACCEPT = """\
exports.hook_lookup_rdns = function (next) {
    next(OK, 'localhost');
};
exports.hook_rcpt = function (next, connection) {
    connection.relaying = true;
    next(OK);
};
"""


@contextmanager
def haraka(folder: Path, next_hop: int) -> Iterator[Peer]:
    """Run one, with a worker process for each core. Raises UnavailableError."""
    program = install()
    port = free_port()
    write(program, folder, port, next_hop)
    with started(["node", program, "-c", folder], folder / "log") as process:
        wait_for(port)
        yield Peer("Haraka", port, Tree(process.pid))


def install() -> Path:
    """Return its program, installed if it was not. Raises UnavailableError."""
    program = CACHE / "node_modules" / "Haraka" / "bin" / "haraka"
    if not program.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        (CACHE / "package.json").write_text(json.dumps(PACKAGE))
        try:
            subprocess.run(INSTALL, cwd=CACHE, check=True, capture_output=True, timeout=300)
        except (OSError, subprocess.SubprocessError) as error:
            raise UnavailableError(f"Haraka: npm could not install it ({error})") from error
    return program


def write(program: Path, folder: Path, port: int, next_hop: int) -> None:
    """Write its settings: its own defaults, and the few plugins that a relay needs."""
    (folder / "config").mkdir(parents=True)
    (folder / "plugins").mkdir()
    (folder / "plugins" / "accept.js").write_text(ACCEPT)
    defaults = (program.parents[1] / "config" / "connection.ini").read_text()
    files = {
        "smtp.ini": f"listen=127.0.0.1:{port}\nnodes=2\n",
        "smtp_forward.ini": f"host=127.0.0.1\nport={next_hop}\nenable_outbound=true\n",
        "plugins": "accept\nqueue/smtp_forward\n",
        "connection.ini": defaults.replace("bytes=26214400", "bytes=128000000"),
        "loglevel": "WARN",
        "me": "mail.council.example",
    }
    for name, text in files.items():
        (folder / "config" / name).write_text(text)
