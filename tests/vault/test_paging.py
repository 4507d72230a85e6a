"""A window shows of a list that passes by what a page of the whole list would show."""

from hypothesis import given
from hypothesis import strategies as st

from vault.storage.paging import PAGE_SIZE, Window, pages, within


@given(total=st.integers(0, 4 * PAGE_SIZE), number=st.integers(-2, 7))
def test_a_window_is_a_page_of_the_whole(total: int, number: int) -> None:
    window = Window[int](number)
    for item in range(total):
        window.take(item)
    shown = within(number, total)
    whole = list(range(total))
    assert window.items == whole[(shown - 1) * PAGE_SIZE : shown * PAGE_SIZE]
    assert window.total == total
    assert 1 <= shown <= pages(total)
