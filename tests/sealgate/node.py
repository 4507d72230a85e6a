"""A node's folder with good settings, to be spoiled one thing at a time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner, Result

from sealgate import certificate
from sealgate.__main__ import main

TOP = Path(__file__).parents[2]
POLICY = TOP / "policies" / "starter" / "council.yaml"
PASSWORD = "a password for tests"

SETTINGS = """\
[organisation]
name = "Council of Example"
domains = ["council.example"]
public_url = "https://secure.council.example"

[smtp]
starttls = "127.0.0.1:0"
tls = "127.0.0.1:0"
tls_certificate = "FOLDER/certificate.pem"
tls_key = "FOLDER/certificate.key"

[next_hop]
host = "127.0.0.1"
port = 9

[notices]
sender = "secure@council.example"

[web]
listen = "127.0.0.1:0"
tls_certificate = "FOLDER/certificate.pem"
tls_key = "FOLDER/certificate.key"

[vault]
folder = "FOLDER/vault"

[policy]
file = "FOLDER/policy.yaml"
"""


@dataclass(frozen=True)
class Node:
    """The folder, and the commands typed against it."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "sealgate.toml"

    @property
    def keys(self) -> Path:
        return self.folder / "vault" / "keys"

    def spoil(self, old: str, new: str) -> None:
        """Replace one piece of the settings file, once."""
        text = self.config.read_text()
        assert old in text, f"{old!r} is not in the settings"
        self.config.write_text(text.replace(old, new, 1))

    def type(self, *words: str, stdin: str = "") -> Result:
        """Type a command; the settings file is named at its end."""
        return run(*words, "--config", str(self.config), stdin=stdin)


def make(folder: Path) -> Node:
    """A node that could start: settings, certificate, policy; no keys yet."""
    certificate.make(folder, "secure.council.example")
    (folder / "policy.yaml").write_bytes(POLICY.read_bytes())
    node = Node(folder)
    node.config.write_text(SETTINGS.replace("FOLDER", str(folder)))
    return node


def run(*words: str, stdin: str = "") -> Result:
    """Run a command in this process. Whatever is raised beyond an exit code fails the test."""
    result = CliRunner().invoke(main, list(words), input=stdin)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def everything_below(folder: Path) -> dict[str, bytes | None]:
    """Every file below a folder with its bytes, and every folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


@contextmanager
def environment(**values: str) -> Iterator[None]:
    """Set variables of the environment for a while."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
