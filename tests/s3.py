"""A real S3 store for tests: OpenStack Swift with its S3 interface, on free ports of this machine.

with s3_store(folder) as found:
    settings = found.settings()

It checks signatures and speaks multipart uploads. It needs a virtual environment of its own, which
`deploy/setup/test-packages` makes, and a file system with extended attributes.
"""

import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vault.contents.settings import ContentsSettings
from vault.contents.shelves import open_contents

TOP = Path(__file__).parent.parent
BIN = Path(os.environ.get("SEALGATE_SWIFT", TOP / ".cache" / "swift")) / "bin"
KEY_ID, SECRET = "test:tester", "testing"
BUCKET = "sealed"
STARTS_WITHIN = 120

COMMON = """\
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
user = {user}
swift_dir = {folder}
log_name = {name}
log_address = {folder}/no-syslog
workers = 0
"""
STORAGE = """\
devices = {folder}/devices
mount_check = false
fallocate_reserve = 0
disable_fallocate = true
[pipeline:main]
pipeline = {name}-server
[app:{name}-server]
use = egg:swift#{name}
"""
PROXY = """\
[pipeline:main]
pipeline = catch_errors gatekeeper cache bulk s3api tempauth slo dlo symlink proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
[filter:s3api]
use = egg:swift#s3api
s3_acl = false
location = us-east-1
min_segment_size = 1
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = {secret} .admin
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
"""
FILTERS = ("catch_errors", "gatekeeper", "bulk", "slo", "dlo", "symlink")
HASHES = """\
[swift-hash]
swift_hash_path_suffix = suffix
swift_hash_path_prefix = prefix
[storage-policy:0]
name = gold
default = yes
"""
RINGS = """\
import sys
from swift.common.ring import RingBuilder
folder, *names, a, b, c = sys.argv[1:]
for name, port in zip(names, (a, b, c)):
    ring = RingBuilder(4, 1, 0)
    place = {"region": 1, "zone": 1, "ip": "127.0.0.1", "port": int(port), "weight": 100.0}
    ring.add_dev({**place, "replication_ip": "127.0.0.1", "replication_port": int(port),
                  "device": "d1", "meta": ""})
    ring.rebalance(seed="1")
    ring.get_ring().save(f"{folder}/{name}.ring.gz")
"""


@dataclass(frozen=True, slots=True)
class S3:
    """A running store. `port` is that of its proxy, which clients talk to."""

    port: int
    proxy: int  # the process that answers
    folder: Path

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def settings(self, **changed: Any) -> ContentsSettings:
        """Give settings for a prefix that nobody else uses, unless they name one."""
        prefix = f"p{time.monotonic_ns()}"
        facts = {
            "s3": f"s3://{BUCKET}/{prefix}",
            "endpoint": self.endpoint,
            "access_key_id": KEY_ID,
            "secret_access_key": SECRET,
            "timeout": 60,
        }
        return ContentsSettings.model_validate(facts | changed)


def missing() -> str:
    """Say what keeps the store from running here, or nothing."""
    if not (BIN / "swift-proxy-server").exists():
        return "needs OpenStack Swift: deploy/setup/test-packages installs it"
    if _folder() is None:
        return "needs a file system with extended attributes"
    return ""


@contextlib.contextmanager
def s3_store() -> Iterator[S3]:
    """Run a store with one empty bucket for as long as the block lasts."""
    above = _folder()
    assert above is not None
    folder = Path(tempfile.mkdtemp(prefix="sealgate-s3-", dir=above))
    started: list[subprocess.Popen[bytes]] = []
    try:
        ports = _configure(folder)
        started += [_start(folder, name) for name in ("account", "container", "object", "proxy")]
        found = S3(ports["proxy"], started[-1].pid, folder)
        _await(started, list(ports.values()), folder)
        _make_bucket(found)
        _warm(found)
        yield found
    finally:
        for one in started:
            one.send_signal(signal.SIGCONT)
            one.kill()
        for one in started:
            one.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _folder() -> Path | None:
    """Return a folder whose files may have extended attributes."""
    for above in (Path(tempfile.gettempdir()), Path("/var/tmp"), TOP / ".cache"):
        with contextlib.suppress(OSError), tempfile.NamedTemporaryFile(dir=above) as file:
            os.setxattr(file.name, "user.sealgate", b"x" * 1000)
            return above
    return None


def _configure(folder: Path) -> dict[str, int]:
    names = ("account", "container", "object", "proxy")
    with contextlib.ExitStack() as held:  # all at once, so that no port is drawn twice
        plugs = [held.enter_context(socket.socket()) for _ in names]
        for plug in plugs:
            plug.bind(("127.0.0.1", 0))
        ports = {name: plug.getsockname()[1] for name, plug in zip(names, plugs, strict=True)}
    (folder / "devices" / "d1").mkdir(parents=True)
    (folder / "swift.conf").write_text(HASHES)
    for name, port in ports.items():
        facts = {"port": port, "folder": folder, "name": name, "user": getpass.getuser()}
        text = COMMON.format(**facts)
        if name == "proxy":
            text += PROXY.format(secret=SECRET)
            text += "".join(f"[filter:{one}]\nuse = egg:swift#{one}\n" for one in FILTERS)
        else:
            text += STORAGE.format(**facts)
        (folder / f"{name}.conf").write_text(text)
    _make_rings(folder, ports)
    return ports


def _make_rings(folder: Path, ports: dict[str, int]) -> None:
    rings = {name: port for name, port in ports.items() if name != "proxy"}
    run = [str(BIN / "python"), "-c", RINGS, str(folder), *map(str, [*rings, *rings.values()])]
    subprocess.run(run, check=True, capture_output=True, timeout=60)


def _start(folder: Path, name: str) -> subprocess.Popen[bytes]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    with (folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen(
            [str(BIN / f"swift-{name}-server"), str(folder / f"{name}.conf"), "--verbose"],
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
        )


def _await(started: list[subprocess.Popen[bytes]], ports: list[int], folder: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN
    for port in ports:
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            dead = [one for one in started if one.poll() is not None]
            if dead or time.monotonic() > until:
                logs = "\n".join(log.read_text()[-2000:] for log in folder.glob("*.log"))
                raise AssertionError(f"Swift does not start:\n{logs}")
            time.sleep(0.05)


def _warm(found: S3) -> None:
    """Have every server answer once: the first time takes seconds on a busy machine."""
    contents = open_contents(found.settings(timeout=120), found.folder / "warm")
    file = contents.create()
    file.write(bytes(9 << 20))
    place = file.commit()
    file.close()
    contents.open(place).close()
    contents.delete(place)


def _make_bucket(found: S3) -> None:
    import base64
    import hashlib
    import hmac
    import http.client
    from email.utils import formatdate

    date = formatdate(usegmt=True)
    text = f"PUT\n\n\n{date}\n/{BUCKET}"  # signature version 2: enough for this one request
    signature = hmac.new(SECRET.encode(), text.encode(), hashlib.sha1).digest()
    signed = f"AWS {KEY_ID}:{base64.b64encode(signature).decode()}"
    line = http.client.HTTPConnection("127.0.0.1", found.port, timeout=120)
    line.request("PUT", f"/{BUCKET}", headers={"Date": date, "Authorization": signed})
    answer = line.getresponse()
    said = answer.read()
    line.close()
    assert answer.status == 200, said
