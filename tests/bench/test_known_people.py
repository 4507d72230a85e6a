"""A roster raises how many names in full are found, and none is left in use."""

import pytest

from bench.detection.known_people import in_full, report
from bench.detection.samples import DataSet
from bench.detection.sealgate import Sealgate
from bench.detection.second_set import second_set
from policies.detectors.names.roster import any_in_use


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Jane Smith", ("Jane", "Smith")),
        ("Smith, Jane", ("Jane", "Smith")),
        ("Mrs Jane van Dyk", ("Jane", "van Dyk")),
        ("Mrs Smith", None),
        ("J. Smith", None),
        ("Jane", None),
    ],
)
def test_only_names_in_full_are_for_a_roster(written: str, name: tuple[str, str] | None) -> None:
    assert in_full(written) == name


def test_a_roster_knows_nearly_everybody() -> None:
    whole = second_set()
    some = DataSet("a part", whole.subjects[::6], ())
    said = report(Sealgate(), some)
    without, with_it = (
        float(said.split(mark)[0].split()[-3]) for mark in (" without", " with one")
    )
    assert without < with_it >= 0.98
    assert not any_in_use()
