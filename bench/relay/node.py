"""Sealgate as a peer: one node with the council's policy, as `sealgate serve` runs it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.relay.peer import Peer, free_port, started, wait_for
from bench.relay.tree import Tree
from policies.language.loader import STARTER
from sealgate import certificate

SETTINGS = """\
[organisation]
name = "Council of Example"
domains = ["council.example"]
contact = "01632 960 000"
public_url = "https://localhost:{web}"

[smtp]
starttls = ""
tls = ""
trusted = "127.0.0.1:{port}"
trusted_networks = ["127.0.0.0/8"]
hostname = "gateway.council.example"
messages = 1000000
connections = 2000
max_message = "120 MiB"
tls_certificate = "{folder}/certificate.pem"
tls_key = "{folder}/certificate.key"

[next_hop]
host = "127.0.0.1"
port = {next_hop}
tls = "none"
hello = "gateway.council.example"

[notices]
sender = "secure@council.example"

[web]
listen = "127.0.0.1:{web}"
tls_certificate = "{folder}/certificate.pem"
tls_key = "{folder}/certificate.key"

[vault]
folder = "{folder}/vault"

[policy]
file = "{folder}/council.yaml"

[log]
level = "info"
"""
COMMAND = [sys.executable, "-m", "sealgate"]


@contextmanager
def node(folder: Path, next_hop: int) -> Iterator[Peer]:
    """Run one; its vault is in `folder`/vault."""
    folder.mkdir()
    config = prepared(folder, port := free_port(), next_hop)
    # Nothing of the settings may come from the environment.
    plain = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command = [*COMMAND, "serve", "--config", str(config)]
    with started(command, folder / "log", environment=plain) as process:
        wait_for(port)
        yield Peer("Sealgate", port, Tree(process.pid))


def prepared(folder: Path, port: int, next_hop: int) -> Path:
    """Write the settings, policy, certificate and keys of a node; return the settings' file."""
    certificate.make(folder)
    shutil.copy(STARTER / "council.yaml", folder)
    config = folder / "sealgate.toml"
    config.write_text(SETTINGS.format(folder=folder, port=port, web=free_port(), next_hop=next_hop))
    keys = [*COMMAND, "keys", "init", "--config", str(config)]
    subprocess.run(keys, check=True, stdout=subprocess.DEVNULL)
    return config
