"""Tens of digits: which numbers in a text can be a patient's, a learner's or a taxpayer's.

All have ten digits and differ in what the last says of the others. Promises that each number is
checked once, whoever asks, and that one in eleven passes. Must never look at words.
Source: NHS Data Dictionary, NHS NUMBER; Learning Records Service, ULN specification; HMRC, modulus
check of the UTR.
"""

from functools import cached_property

from policies.text.run import Run, Window
from policies.text.view import View

Span = tuple[int, int]  # of the normal text

LENGTH = 10
_WEIGHTS = range(10, 0, -1)  # a patient's number makes a multiple of 11, a learner's leaves 10
_LEARNERS_REST = 10
_TAX_WEIGHTS = (0, 6, 7, 8, 9, 10, 5, 4, 3, 2)
_TAX_FIRST = "21987654321"  # the first digit by the rest that the others leave
_MODULUS = 11
_MANY = 100  # numbers; where there are more it pays to look first for words that make them anything


class Tens:
    """The numbers of ten digits in one view, by who can have them."""

    def __init__(self, view: View) -> None:
        self._places = [(run, at) for run in view.runs if (at := run.stretches(LENGTH))]
        self.many = sum(len(places) for _run, places in self._places) > _MANY

    @cached_property
    def foremost(self) -> list[Run]:
        """The rows of digits that begin with ten, whether they check or not."""
        return [run for run, places in self._places if not places[0]]

    @cached_property
    def patients(self) -> list[Window]:
        """Those that check as the numbers of the health services, digits all alike apart."""
        return [
            run.window(at, LENGTH)
            for run, places, sums in self._sums
            for at, total in zip(places, sums, strict=True)
            if not total % _MODULUS and run.digits[at : at + LENGTH] != run.digits[at] * LENGTH
        ]

    @cached_property
    def learners(self) -> list[Span]:
        """Where those stand that check as the numbers of learners."""
        return [
            _span(run, at)
            for run, places, sums in self._sums
            for at, total in zip(places, sums, strict=True)
            if total % _MODULUS == _LEARNERS_REST
        ]

    @cached_property
    def taxpayers(self) -> list[Span]:
        """Where those stand that check as the references of taxpayers."""
        return [
            _span(run, at)
            for run, places in self._places
            for at, total in zip(places, run.weighted(_TAX_WEIGHTS, places), strict=True)
            if _TAX_FIRST[total % _MODULUS] == run.digits[at]
        ]

    @cached_property
    def _sums(self) -> list[tuple[Run, list[int], list[int]]]:
        return [(run, places, run.weighted(_WEIGHTS, places)) for run, places in self._places]


def tens_in(view: View) -> Tens:
    """Give the numbers of ten digits in a view, worked out once."""
    found: Tens | None = view.memory.get(Tens)
    if found is None:
        found = view.memory[Tens] = Tens(view)
    return found


def _span(run: Run, at: int) -> Span:
    return run.starts[at], run.end(at + LENGTH - 1)
