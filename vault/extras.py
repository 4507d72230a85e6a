"""The optional parts of Sealgate, and how one is added to the environment that is running.

Promises a command that can be copied. It takes Sealgate from the folder it runs from: a package
index may have another program of that name. Must never install anything itself.
"""

import shlex
import sys
from pathlib import Path

_TOP = Path(__file__).parents[1]


def command(extra: str) -> str:
    """Return the shell command that adds `extra`, an optional dependency of `pyproject.toml`."""
    here = (_TOP / "pyproject.toml").exists()
    what = (
        ["--no-build-isolation", "--editable", f"{_TOP}[{extra}]"]
        if here
        else [f"sealgate[{extra}]"]
    )
    return shlex.join([sys.executable, "-m", "pip", "install", *what])
