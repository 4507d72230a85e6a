"""The generated files say what the code says."""

import re
from pathlib import Path
from typing import get_args

import pytest

from sealgate import generated, settings
from sealgate.generated import TOP
from sealgate.settings import Settings

MEND = "it has drifted from the code: run `make generated`"


@pytest.mark.parametrize("path", generated.files(), ids=str)
def test_a_generated_file_is_what_the_code_says(path: Path) -> None:
    assert (TOP / path).read_text(encoding="utf-8") == generated.files()[path], f"{path}: {MEND}"


def test_the_settings_file_shows_every_setting() -> None:
    shown = generated.settings_file()
    for section, field in Settings.model_fields.items():
        named = get_args(field.annotation)  # of these there may be several: one is shown
        place = f"# [{section}.{generated.NAMED[section]}]" if named else f"[{section}]"
        assert f"\n{place}\n" in shown
        for name, info in getattr((named or [field.annotation])[-1], "model_fields", {}).items():
            if hasattr(info.annotation, "model_fields"):
                assert f"\n[{section}.{name}]\n" in shown
                continue
            assert f"\n# {name} =" in shown or f"\n{name} =" in shown, f"{section}.{name}"


CERTIFICATE = 'tls_certificate = "/c.pem"\ntls_key = "/c.key"'
LEAST = f"""\
[organisation]
[smtp]
{CERTIFICATE}
hostname = "mail.example.gov.uk"
[next_hop]
hello = "mail.example.gov.uk"
[routes.police]
host = "mail.police.example.org"
hello = "mail.example.gov.uk"
[dkim.council]
domain = "example.gov.uk"
selector = "gate"
key = "/etc/sealgate/dkim-example.pem"
[scanners.clamav]
[notices]
[web]
[vault]
folder = "/var/lib/sealgate"
"""


SETTING = r"([a-z0-9_]+) = .+"
EXAMPLE = "  # example"


def keep(found: re.Match[str]) -> str:
    """Write a line that shows a default out; leave one that shows an example."""
    return found[0] if found[0].endswith(EXAMPLE) else found[1]


def test_the_defaults_shown_are_the_defaults(tmp_path: Path) -> None:
    """Every default that the file shows, written out as a setting, changes nothing."""
    shown, least = tmp_path / "shown.toml", tmp_path / "least.toml"
    text = re.sub(rf"(?m)^# ({SETTING}|\[.+\])$", keep, generated.settings_file())
    shown.write_text(text.replace("[smtp]", f"[smtp]\n{CERTIFICATE}", 1))
    least.write_text(LEAST)
    assert settings.load(shown) == settings.load(least)
    assert text.count("\n# ") < generated.settings_file().count("\n# ") - 50


def test_every_example_may_be_used_as_it_stands(tmp_path: Path) -> None:
    """Without its "#", each setting that has no default is one that the node understands."""
    shown = generated.settings_file()
    text = re.sub(r"(?m)^# (\[.+\])$", r"\1", shown)
    text = re.sub(rf"(?m)^# ({SETTING}){EXAMPLE}$", r"\1", text)
    text = re.sub(r"(?m)^# ((host|domain|selector|key) = .+)$", r"\1", text)
    text = text.replace('# dkim_selector = ""', 'dkim_selector = "gate"')  # it belongs to dkim_key
    assert shown.count(EXAMPLE + "\n") == len(generated.UNSET)
    assert not re.search(r"(?m)^# [a-z0-9_]+ =$", shown), "a setting without a value"
    path = tmp_path / "shown.toml"
    path.write_text(text)
    chosen = settings.load(path)
    assert chosen.audit.heads_file == Path(generated.UNSET["audit", "heads_file"])
    assert chosen.vault.is_postgresql
