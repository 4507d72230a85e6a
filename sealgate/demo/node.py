"""Makes the demo's node: a folder with settings, policy, keys, certificate and one user.

Promises that nothing in it existed before and that nothing refers to anything outside it.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

import policies
from sealgate import certificate, settings
from sealgate.demo.ports import LOOPBACK, Ports
from sealgate.demo.samples import SENDER
from vault import keys
from vault.address import Address
from vault.keys import signing
from vault.people import users
from vault.secrets import Secret
from vault.storage.store import Store

PASSWORD = "demo-password"  # noqa: S105 - printed on the screen; it opens a throw-away node
ORGANISATION = "Demo Council"
DOMAIN = "demo-council.example"

SETTINGS = """\
[organisation]
name = "{organisation}"
domains = ["{domain}"]
contact = "Demo Council, 01632 960 000"
public_url = "https://localhost:{ports.reader}"

[smtp]
starttls = "{host}:{ports.starttls}"
tls = "{host}:{ports.tls}"
hostname = "localhost"
tls_certificate = "{folder}/certificate.pem"
tls_key = "{folder}/certificate.key"

[next_hop]
host = "{host}"
port = {ports.room_smtp}
tls = "none"
hello = "localhost"

[notices]
sender = "secure@{domain}"

[web]
listen = "{host}:{ports.reader}"
tls_certificate = "{folder}/certificate.pem"
tls_key = "{folder}/certificate.key"

[vault]
folder = "{folder}/vault"

[policy]
file = "{folder}/policy.yaml"

[log]
level = "warning"
"""


@dataclass(frozen=True, slots=True)
class Node:
    """A node that can be started: its settings file, and how to reach it."""

    config: Path
    fingerprint: str
    reader_url: str
    ports: Ports


def make(folder: Path, ports: Ports) -> Node:
    """Fill an empty folder; raises what the rooms raise when they cannot work here."""
    made = certificate.make(folder)
    starter = Path(policies.__file__).parent / "starter" / "council.yaml"
    shutil.copyfile(starter, folder / "policy.yaml")
    config = folder / "sealgate.toml"
    config.write_text(
        SETTINGS.format(
            organisation=ORGANISATION, domain=DOMAIN, host=LOOPBACK, ports=ports, folder=folder
        )
    )
    chosen = settings.load(config)
    keys.init(chosen.keys_folder)
    signing.make(chosen.keys_folder, chosen.keys)
    store = Store(chosen.vault)
    try:
        users.add(store, Address.parse(SENDER), Secret(PASSWORD.encode()), ())
    finally:
        store.close()
    return Node(config, made.fingerprint, chosen.organisation.public_url, ports)
