"""Pages of a PDF: their text, and whether they show a picture."""

from typing import Any

from pypdf import PageObject
from pypdf.generic import DictionaryObject


def page_text(page: PageObject) -> tuple[str, bool]:
    """Return the text of a page, and whether it shows a picture."""
    return page.extract_text(), _has_picture(page)


def _has_picture(page: Any) -> bool:
    resources = page.get("/Resources")
    resources = resources.get_object() if resources is not None else None
    objects = resources.get("/XObject") if isinstance(resources, DictionaryObject) else None
    objects = objects.get_object() if objects is not None else {}
    return any(objects[key].get("/Subtype") == "/Image" for key in objects)
