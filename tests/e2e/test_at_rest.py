"""What sealed mails say is nowhere on the disk and in no log, whatever happens to them."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.stage import SENDER, Stage, mail
from tests.sink import Caught

MARKER = "ZephyrQuillHarbour"
PAT = "pat@solicitors.example"
LI = "li@council.example"
LARGE = 3 << 20  # bytes: more than a spool keeps in memory


def written_forms(text: str) -> Iterator[bytes]:
    """A text as it might lie on a disk: characters, base64 at each offset, hex."""
    yield text.encode()
    yield text.encode("utf-16-le")
    yield text.encode().hex().encode()
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + text.encode())
        yield encoded[4 if offset else 0 : -4]  # the ends depend on what stands beside them


def found_in(folder: Path, text: str) -> list[str]:
    """Every file below a folder that holds a text in some form, and the form."""
    forms = list(written_forms(text))
    return [
        f"{path.name}: {form!r}"
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        for form in forms
        if form in path.read_bytes()
    ]


def marked(to: str, *, size: int = 0) -> bytes:
    message = mail(to, f"[secure] {MARKER} one", f"The body says {MARKER}.")
    message.replace_header("From", f"{MARKER} Taylor <{SENDER}>")
    message.add_attachment(
        (f"content {MARKER} " + "x" * size).encode(),
        maintype="application",
        subtype="octet-stream",
        filename=f"{MARKER}.bin",
    )
    return message.as_bytes()


@pytest.mark.parametrize("form", list(written_forms(MARKER)))
def test_what_is_looked_for_would_be_found(form: bytes, tmp_path: Path) -> None:
    (tmp_path / "planted").write_bytes(b"\x00before " + form + b" after\xff")
    assert found_in(tmp_path, MARKER)


async def test_a_marker_is_nowhere_on_the_disk_and_in_no_log(stage: Stage) -> None:
    vault = stage.folder / "vault"
    for size in (0, LARGE):
        assert (await stage.submit(marked(PAT, size=size), [PAT])).code == 250
    assert found_in(vault, MARKER) == []

    # a clear copy that has to wait, of a mail that is sealed for others
    stage.sink.script.answers["mail"] = "451 4.3.0 Not now"
    assert (await stage.submit(marked(f"{PAT}, {LI}"), [PAT, LI])).code == 250
    assert found_in(vault, MARKER) == []
    del stage.sink.script.answers["mail"]
    (copy,) = await stage.mails_to(LI)
    assert MARKER.encode() in copy.content, "the marker was in what waited"

    # opened, downloaded and answered on the site
    link = await stage.link_for(PAT)
    code = ""
    async with await stage.visitor() as pat:
        code = await stage.code_for(PAT, lambda: pat.ask_code(PAT))
        await pat.give_code(code)
        page = await pat.get(link)
        assert MARKER in page.text, "the marker was in what is sealed"
        (attachment,) = [href for href in page.links if "/a/" in href]
        assert MARKER.encode() in (await pat.get(attachment)).body
        reply = await pat.get(f"{link}/reply")
        text = f"I answer {MARKER}."
        sent = await pat.submit(reply, "/reply", message=text, files=(f"{MARKER}.txt", b"notes"))
        assert sent.status == 200

    def is_answer(caught: Caught) -> bool:
        return f"I answer {MARKER}".encode() in caught.content

    await stage.mails_to(SENDER, where=is_answer)
    assert found_in(vault, MARKER) == []
    assert found_in(vault, re.sub(r"\s", "", code)) == []
    log = stage.log_path.read_text()
    assert MARKER not in log
    assert code not in log
    assert code.replace(" ", "") not in log
