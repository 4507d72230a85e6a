"""A node that breaks one promise on purpose: the proofs must see it.

python -m tests.faults.careless early serve --config ...      says 250 before the commit
python -m tests.faults.careless hoarding serve --config ...   takes over nothing of other nodes
"""

import sys
import time
from typing import Any, cast

from sqlalchemy import Select

from sealgate.__main__ import main
from vault.sending import claims
from vault.storage import tables
from vault.storage.gathering import Gathering
from vault.storage.statements import Statement

BETWEEN = 3.0  # seconds from the answer to the commit


def _write_early(self: Gathering, batch: list[Any], _tries: int = 1) -> None:
    about = {name for one in batch for name in one.about}
    with self._writing(*about) as tx:
        for one in batch:
            one.answer.set_result(one.work(tx))
        time.sleep(BETWEEN)


def _never_taken(statement: Statement) -> Statement:
    expression = cast("Select[Any]", statement._expression)
    return Statement(expression.where(tables.outbox.c.leased_until.is_(None)))


def _break(promise: str) -> None:
    if promise == "early":
        Gathering._write = _write_early  # type: ignore[method-assign]
    elif promise == "hoarding":
        claims._ANY, claims._FIRST = _never_taken(claims._ANY), _never_taken(claims._FIRST)
    else:
        raise SystemExit(f"no such promise: {promise}")


if __name__ == "__main__":
    _break(sys.argv.pop(1))
    main()
