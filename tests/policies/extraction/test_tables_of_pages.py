"""A row of a table is one line, whatever its cells hold; words of a picture stand apart."""

import pytest

from policies.extraction.markup import read_page


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ("<table><tr><td><p>Order</p></td><td><p>Size</p></td></tr></table>", "Order\tSize"),
        ("<tr><th>A</th><th> B </th></tr><tr><td>1\n</td><td>2</td></tr>", "A\tB\n1\t2"),
        ("<tr><td>a<td>b<tr><td>c<td>d</table>", "a\tb\nc\td"),
        ("<td><div>one</div><div>two</div></td><td>3</td>", "one\ntwo\t3"),
        ("<td>94<td>34", "94\t34"),
    ],
)
def test_cells_stand_side_by_side(page: str, shown: str) -> None:
    assert read_page(page).shown == shown


def test_the_words_of_a_picture_stand_apart_and_its_letters_do_not() -> None:
    page = read_page('<td><img alt="Mindful Employer">Jo Bell, 94<img alt="347">65919</td>')
    assert page.whole == "Mindful Employer\nJo Bell, 9434765919"
