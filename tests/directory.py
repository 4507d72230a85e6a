"""A real LDAP directory for tests: OpenLDAP's slapd on free ports of this machine.

with directory(tmp_path) as found:
    settings = LdapSettings(url=found.url, base=found.base, ...)
"""

import contextlib
import importlib.util
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.certificates import self_signed

SLAPD = shutil.which("slapd", path="/usr/sbin:/usr/lib/openldap:/usr/libexec")
SCHEMAS = Path("/etc/ldap/schema")
BASE = "dc=council,dc=gov,dc=uk"
READER, READER_PASSWORD = f"cn=reader,{BASE}", "may only look"

CONFIG = """\
include {schemas}/core.schema
include {schemas}/cosine.schema
include {schemas}/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/slapd.pid
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
database mdb
suffix "{base}"
directory {folder}/data
rootdn "{reader}"
rootpw "{password}"
access to attrs=userPassword by anonymous auth by * none
access to * by * none
"""

PEOPLE = """\
dn: {base}
objectClass: dcObject
objectClass: organization
o: Council
dc: council

dn: ou=people,{base}
objectClass: organizationalUnit
ou: people

dn: uid=jane,ou=people,{base}
objectClass: inetOrgPerson
uid: jane
cn: Jane Jones
sn: Jones
mail: jane@council.gov.uk
mail: team@council.gov.uk
mail: jane@home.example
userPassword: correct horse

dn: uid=jorg,ou=people,{base}
objectClass: inetOrgPerson
uid: jorg
cn: Jane Jones
sn: Jones
mail: jorg@council.gov.uk
userPassword: battery staple

dn: uid=outsider,ou=people,{base}
objectClass: inetOrgPerson
uid: outsider
cn: Outsider
sn: Outsider
mail: outsider@home.example
userPassword: correct horse
"""


def missing() -> str:
    """Why there can be no directory here; empty if there can."""
    if SLAPD is None:
        return "needs slapd: deploy/setup/test-packages installs it"
    if importlib.util.find_spec("ldap") is None:
        return "needs the extra [ldap]: pip install -r requirements/ldap.txt"
    return ""


@dataclass
class Directory:
    url: str
    tls_url: str
    certificate: Path
    process: subprocess.Popen[bytes]


@contextlib.contextmanager
def directory(folder: Path) -> Iterator[Directory]:
    folder.mkdir(exist_ok=True)
    (folder / "data").mkdir()
    certificate, key = self_signed(folder)
    config = folder / "slapd.conf"
    config.write_text(
        CONFIG.format(
            schemas=SCHEMAS,
            folder=folder,
            certificate=certificate,
            key=key,
            base=BASE,
            reader=READER,
            password=READER_PASSWORD,
        )
    )
    people = folder / "people.ldif"
    people.write_text(PEOPLE.format(base=BASE))
    assert SLAPD is not None
    subprocess.run(
        [SLAPD, "-Ta", "-f", config, "-l", people], check=True, capture_output=True, timeout=30
    )
    plain, secure = _free_port(), _free_port()
    urls = f"ldap://127.0.0.1:{plain} ldaps://127.0.0.1:{secure}"
    process = subprocess.Popen(
        [SLAPD, "-f", config, "-h", urls, "-d", "0"], stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(plain)
        yield Directory(*urls.split(), certificate, process)
    finally:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int, seconds: float = 15) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < until, "slapd does not come up"
            time.sleep(0.05)
        else:
            return
