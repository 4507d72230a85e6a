"""Sealgate as a peer: one node with the council's policy, as `sealgate serve` runs it."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.relay.ports import free_port, wait_for
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


class Node:
    """A running node."""

    name = "Sealgate"

    def __init__(self, next_hop: int) -> None:
        self._next_hop = next_hop
        self.port = free_port()

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="bench-sealgate-"))
        certificate.make(self._folder)
        shutil.copy(STARTER / "council.yaml", self._folder)
        config = self._folder / "sealgate.toml"
        values = {"folder": self._folder, "port": self.port, "web": free_port()}
        config.write_text(SETTINGS.format(**values, next_hop=self._next_hop))
        command = [sys.executable, "-m", "sealgate"]
        subprocess.run([*command, "keys", "init", "--config", str(config)], check=True,
                       stdout=subprocess.DEVNULL)  # fmt: skip
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [*command, "serve", "--config", str(config)],
                stdout=log,
                stderr=log,
                env={name: value for name, value in os.environ.items() if name in {"PATH", "HOME"}},
            )
        wait_for(self.port)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait()
        shutil.rmtree(self._folder)

    def processes(self) -> list[int]:
        """Return the supervisor and its processes."""
        top = self._process.pid
        with contextlib.suppress(OSError):
            children = Path(f"/proc/{top}/task/{top}/children").read_text().split()
            return [top, *map(int, children)]
        return []
