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


def test_the_defaults_shown_are_the_defaults(tmp_path: Path) -> None:
    """Every default that the file shows, written out as a setting, changes nothing."""
    shown, least = tmp_path / "shown.toml", tmp_path / "least.toml"
    text = re.sub(r"(?m)^# ([a-z0-9_]+ = .+|\[.+\])$", r"\1", generated.settings_file())
    shown.write_text(text.replace("[smtp]", f"[smtp]\n{CERTIFICATE}", 1))
    least.write_text(LEAST)
    assert settings.load(shown) == settings.load(least)
    assert text.count("\n# ") < generated.settings_file().count("\n# ") - 50
