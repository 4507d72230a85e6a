"""Presidio is compared with where it can be had; where not, the bench says why and goes on."""

from pathlib import Path

import pytest

from bench.detection.presidio import NotAtHandError, Presidio


def test_what_cannot_be_installed_is_said(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    with pytest.raises(NotAtHandError, match="could not be installed"):
        Presidio.start(in_the_way / "environment")


def test_an_environment_without_presidio_is_said(tmp_path: Path) -> None:
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    with pytest.raises(NotAtHandError, match="worker ended"):
        Presidio.start(tmp_path)
