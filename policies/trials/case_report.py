"""What golden cases came to: lines for people, one JSON object for machines.

For `sealgate policy test`. Promises that a failed case says where it stands, what differed for
whom, and which rules fired and why. Must never quote the mail of a case.
"""

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from policies.trials.cases import Result

_PLACE = {
    "outcome": "expected {expected}, got {found}",
    "rules": "expected these rules to fire: {expected}; fired: {found}",
    "told": 'the sender is not told "{expected}", but: {found}',
    "terms": 'the terms do not say "{expected}", but: {found}',
    "expires_after": "expected to expire after {expected}, got {found}",
    "replies": "expected replies: {expected}, got {found}",
}


def text(policy: str, results: Sequence[Result], *, every: bool = False) -> str:
    """Return the report for a person; `every` names the cases that passed as well."""
    return "\n".join(_lines(policy, results, every)) + "\n"


def to_json(policy: str, digest: str, results: Sequence[Result]) -> str:
    """Return the report as one JSON object."""
    whole = {
        "policy": policy,
        "digest": digest,
        "passed": sum(result.passed for result in results),
        "failed": sum(not result.passed for result in results),
        "cases": [_plain(result) for result in results],
    }
    return json.dumps(whole, indent=2, ensure_ascii=False)


def _lines(policy: str, results: Sequence[Result], every: bool) -> Iterator[str]:
    for file, group in groupby(results, lambda result: result.placed.file):
        shown = [result for result in group if every or not result.passed]
        if shown:
            yield file
        for result in shown:
            yield from _case_lines(result)
    failed = sum(not result.passed for result in results)
    count = f"{len(results)} case{'' if len(results) == 1 else 's'}"
    said = f"{failed} failed" if failed else "all as expected"
    yield f"{policy}: {count}, {said}."


def _case_lines(result: Result) -> Iterator[str]:
    mark = "  ok  " if result.passed else "FAILED"
    yield f"  {mark}  {result.placed.case.name} (line {result.placed.line})"
    for one in result.differences:
        said = _PLACE[one.what].format(expected=one.expected, found=one.found)
        yield f"            {one.recipient}: {said}"
    if result.passed:
        return
    for decision in result.decisions:
        for reason in decision.because:
            yield f"            {decision.recipient}: {reason.rule} fired: {reason.text}"


def _plain(result: Result) -> dict[str, Any]:
    return {
        "file": result.placed.file,
        "line": result.placed.line,
        "name": result.placed.case.name,
        "passed": result.passed,
        "differences": [
            {
                "recipient": one.recipient,
                "what": one.what,
                "expected": one.expected,
                "found": one.found,
            }
            for one in result.differences
        ],
        "decisions": [
            {
                "recipient": str(decision.recipient),
                "outcome": str(decision.outcome),
                "rules": [reason.rule for reason in decision.because],
            }
            for decision in result.decisions
        ],
    }
