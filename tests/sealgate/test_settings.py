"""Settings: what is wrong is told by file, setting and mend; what is set has an effect."""

import ast
import re
from pathlib import Path
from typing import get_args

import pytest

from sealgate import settings
from sealgate.settings import Settings, SettingsError
from tests.sealgate.node import TOP, Node, environment

# What is replaced in the good file, by what, and the words of which each must be said.
BAD: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "a misspelt setting": ("name =", "nmae =", ("organisation.nmae", "Did you mean 'name'?")),
    "a setting of an older name": (
        "[smtp]\n",
        "[smtp]\nhandshake = 4\n",
        ("smtp.handshake", "Did you mean 'handshake_seconds'?"),
    ),
    "a setting like nothing": (
        "[vault]\n",
        "[vault]\nqqq = 1\n",
        ("vault.qqq", "Allowed: folder, database,"),
    ),
    "a misspelt section": (
        "[smtp]",
        "[smpt]",
        ("smpt", "Did you mean 'smtp'?", "'smtp' is missing"),
    ),
    "a section too many": (
        "[vault]",
        "[smtp.extra]\na = 1\n[vault]",
        ("smtp.extra", "Allowed: starttls"),
    ),
    "a value for a section": (
        "[organisation]",
        "organisation = 3\n[o]",
        ("organisation", "is a section"),
    ),
    "no folder": ('folder = "', '# folder = "', ("vault.folder", "is missing")),
    "a number for a path": ('file = "', 'file = 7 # "', ("policy.file", "a path in quotes")),
    "a word for a port": ("port = 9", 'port = "many"', ("next_hop.port", "a whole number")),
    "a port too high": ("port = 9", "port = 99999", ("next_hop.port", "65535")),
    "an unknown choice": (
        "port = 9",
        'tls = "maybe"',
        ("next_hop.tls", "'none', 'opportunistic', 'required' or 'verified'"),
    ),
    "a misspelt setting of a route": (
        "[vault]",
        '[routes.police]\nhots = "x"\n[vault]',
        ("routes.police.hots", "Did you mean 'host'?"),
    ),
    "a route to nowhere": (
        "[vault]",
        "[routes.police]\nport = 25\n[vault]",
        ("routes.police", "host is missing"),
    ),
    "a route with an odd name": ("[vault]", '[routes."a b"]\nhost = "x"\n[vault]', ("routes",)),
    "a level too loud": ("[vault]", '[log]\nlevel = "loud"\n[vault]', ("log.level", "'debug'")),
    "no domain": ('["council.example"]', "[]", ("organisation.domains", "at least one")),
    "a domain that is none": (
        '["council.example"]',
        '["a b"]',
        ("organisation.domains", "example.gov.uk"),
    ),
    "one domain, no list": (
        '["council.example"]',
        '"council.example"',
        ("organisation.domains", "a list"),
    ),
    "a public address without TLS": (
        '"https://',
        '"http://',
        ("organisation.public_url", "https://"),
    ),
    "a name of two lines": ("Council of", "Council\\nof", ("organisation.name", "one line")),
    "a port without an address": (
        'starttls = "127.0.0.1:0"',
        'starttls = "587"',
        ("smtp.starttls", "address:port", "127.0.0.1:587"),
    ),
    "a certificate without its key": (
        "tls_key =",
        "# tls_key =",
        ("'smtp'", "tls_certificate and tls_key belong together"),
    ),
    "the trusted port for everybody": (
        "[smtp]\n",
        '[smtp]\ntrusted = "127.0.0.1:25"\n',
        ("'smtp'", "trusted_networks", "no password"),
    ),
    "a network that is none": (
        "[smtp]\n",
        '[smtp]\ntrusted_networks = ["10.0.0.0/33"]\n',
        ("smtp.trusted_networks.0", "192.0.2.0/24"),
    ),
    "a size in bananas": (
        "[smtp]\n",
        '[smtp]\nmax_message = "9 bananas"\n',
        ("smtp.max_message", "50 MiB"),
    ),
    "a size too small": ("[smtp]\n", "[smtp]\nmax_message = 10\n", ("smtp.max_message", "1024")),
    "no recipients": ("[smtp]\n", "[smtp]\nrecipients = 0\n", ("smtp.recipients", "equal to 1")),
    "a host name with a space": (
        "[smtp]\n",
        '[smtp]\nhostname = "a b"\n',
        ("smtp.hostname", "a character that it cannot have"),
    ),
    "half of a number": ("[smtp]\n", "[smtp]\nworkers = 3.5\n", ("smtp.workers", "a whole number")),
    "a size in words": ("[smtp]\n", '[smtp]\nmax_message = "big"\n', ("smtp.max_message", "MiB")),
    "minutes": (
        "[smtp]\n",
        '[smtp]\nidle_seconds = "5 minutes"\n',
        ("smtp.idle_seconds", "number"),
    ),
    "a number for a port's place": (
        'starttls = "127.0.0.1:0"',
        "starttls = 587",
        ("smtp.starttls", "in quotes"),
    ),
    "perhaps": ('file = "', 'approval = "perhaps"\nfile = "', ("policy.approval", "true or false")),
    "a user without a password": (
        "port = 9",
        'username = "gateway"',
        ("'next_hop'", "username and password", "belong together"),
    ),
    "a password in the clear": (
        'host = "127.0.0.1"',
        'host = "mx.example"\nusername = "gateway"\npassword = "do not show this"',
        ("'next_hop'", "tls = verified"),
    ),
    "a sender that is none": ('"secure@council.example"', '"secure"', ("notices.sender", "no @")),
    "a time zone on Mars": (
        "[notices]\n",
        '[notices]\ntime_zone = "Mars/Base"\n',
        ("notices.time_zone", "Europe/London"),
    ),
    "a selector without a key": (
        "[notices]\n",
        '[notices]\ndkim_selector = "a"\n',
        ("'notices'", "dkim_selector and dkim_key belong together"),
    ),
    "the reader on Mars": (
        "[web]\n",
        '[web]\ntime_zone = "Mars/Base"\n',
        ("web.time_zone", "Europe/London"),
    ),
    "replies from nobody": (
        "[web]\n",
        '[web]\nreply_from = "nobody"\n',
        ("web.reply_from", "no @"),
    ),
    "a proxy that is none": (
        "[web]\n",
        '[web]\ntrusted_proxies = ["x"]\n',
        ("web.trusted_proxies", "network"),
    ),
    "a reader that listens nowhere": (
        "[web]\nlisten =",
        '[web]\nlisten = "everywhere" #',
        ("web.listen", "address:port"),
    ),
    "a time in words": (
        "[vault]",
        '[delivery]\nlease = "soon"\n[vault]',
        ("delivery.lease", "a number of seconds"),
    ),
    "a lease too short": (
        "[vault]",
        "[delivery]\nlease = 1\n[vault]",
        ("delivery.lease", "5 seconds"),
    ),
    "a database elsewhere": (
        "[vault]\n",
        '[vault]\ndatabase = "postgresql://db"\n',
        ("vault.database", "sqlite:////path/to/file"),
    ),
    "no TOML": ("[vault]", "[vault", ("is not TOML", "line")),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_told_by_file_setting_and_mend(name: str, bare: Node) -> None:
    old, new, words = BAD[name]
    bare.spoil(old, new)
    with pytest.raises(SettingsError) as refused:
        settings.load(bare.config)
    said = str(refused.value)
    assert all(word in said for word in words), said
    assert all(line.startswith(f"{bare.config}: ") for line in said.splitlines()), said


@pytest.mark.parametrize("name", BAD)
def test_nothing_of_python_and_no_secret_is_said(name: str, bare: Node) -> None:
    old, new, _ = BAD[name]
    bare.spoil(old, new)
    with pytest.raises(SettingsError) as refused:
        settings.load(bare.config)
    said = str(refused.value)
    assert (
        re.search(r"pydantic|Value error|Input should|lax-or|unable to|parse|<class|\bType\b", said)
        is None
    ), said
    assert "do not show this" not in said
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


def test_there_are_many_and_the_good_one_is_good(bare: Node) -> None:
    assert len(BAD) >= 15
    assert settings.load(bare.config).organisation.name == "Council of Example"


def test_every_mistake_is_told_at_once(bare: Node) -> None:
    for name in ("a misspelt setting", "a port too high", "a time zone on Mars"):
        bare.spoil(*BAD[name][:2])
    with pytest.raises(SettingsError) as refused:
        settings.load(bare.config)
    assert len(str(refused.value).splitlines()) == 3


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no such file\. Copy config/sealgate\.toml"):
        settings.load(tmp_path / "sealgate.toml")
    (tmp_path / "sealgate.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="cannot be read"):
        settings.load(tmp_path / "sealgate.toml")


def test_the_environment_wins_and_its_password_cannot_be_printed(bare: Node) -> None:
    bare.spoil("port = 9", 'port = 9\nusername = "gateway"')
    with environment(SEALGATE_NEXT_HOP__PASSWORD="hush", SEALGATE_NEXT_HOP__PORT="26"):
        chosen = settings.load(bare.config)
    assert chosen.next_hop.port == 26
    assert chosen.next_hop.password.get_secret_value() == "hush"
    assert "hush" not in f"{chosen} {chosen!r} {chosen.model_dump_json()}"


def names_read(file: Path) -> set[str]:
    """Every attribute that a module reads; of a settings module, only what others ask it for."""
    tree: ast.AST = ast.parse(file.read_text())
    if file.name == "settings.py" and file.parent.name != "sealgate":
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        tree = ast.Module([one for one in functions if is_asked_for(one)], [])
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


def is_asked_for(function: ast.FunctionDef) -> bool:
    named = {node.id for node in function.decorator_list if isinstance(node, ast.Name)}
    plain = not function.decorator_list and not function.name.startswith("_")
    return plain or bool(named & {"property", "cached_property"})


def test_every_setting_has_an_effect() -> None:
    rooms = ("gateway", "policies", "sealgate", "vault", "webreader")
    files = [file for room in rooms for file in (TOP / room).rglob("*.py")]
    read = set().union(*map(names_read, files))
    for section, field in Settings.model_fields.items():
        model = (get_args(field.annotation) or [field.annotation])[-1]
        assert isinstance(model, type)
        for name in getattr(model, "model_fields", {}):
            assert name in read, f"{section}.{name} is never looked at"
    assert "no_such_setting" not in read
