"""Pieces of a page put together as a browser lays them out: lines of blocks, rows of cells.

Promises that what stands side by side stays so, and that a row of a table is one line. Linear.
"""

from html import unescape

# Where cells begin and end while a page is put together: no characters, and none a page can hold.
CELL_BEGINS, CELL_ENDS = "\ufdd0", "\ufdd1"
_RUNS = (
    (" " * 2, " "),
    (" \n", "\n"),
    ("\n ", "\n"),
    ("\n" * 2, "\n"),
    (CELL_BEGINS + " ", CELL_BEGINS),
    (CELL_BEGINS + "\n", CELL_BEGINS),
    (" " + CELL_ENDS, CELL_ENDS),
    ("\n" + CELL_ENDS, CELL_ENDS),
)


def laid_out(pieces: list[str]) -> str:
    """Undo entities and put white space as a browser does, the line ends of blocks kept.

    A paragraph that fills a cell of a table ends no line: cells stand side by side.
    """
    text = unescape("".join(pieces))
    for run, one in _RUNS:
        while run in text:
            text = text.replace(run, one)
    return text.replace(CELL_BEGINS, "").replace(CELL_ENDS, "\t").replace("\t\n", "\n").strip()
