"""How fast texts are read: `python -m bench.extraction`.

Large attachments in megabytes of the mail a second, with what they unpack to; small ones in
milliseconds each, here and through a worker; a worker's start and memory. CPU of this process for
reading, wall clock through a worker; the median of the rounds.
"""

import base64
import io
import random
import resource
import statistics
import time
import zipfile
import zlib
from collections.abc import Callable

from policies.extraction.mail import extract
from policies.extraction.passages import Content
from policies.extraction.pool import ExtractionPool
from policies.message.mime import outline

ROUNDS = 7
MIB = 1 << 20
_WORDS = "the review of case notes for Tuesday was sent to the team with a copy of the form".split()


def words(size: int, draw: random.Random) -> str:
    """Return prose of so many characters, in lines."""
    out: list[str] = []
    length = 0
    while length < size:
        line = " ".join(draw.choice(_WORDS) for _word in range(14)) + f" {draw.randrange(9999)}."
        out.append(line)
        length += len(line) + 1
    return "\n".join(out)[:size]


def mail(data: bytes, name: str, kind: str) -> bytes:
    """Return a mail with one attachment."""
    coded = base64.encodebytes(data).replace(b"\n", b"\r\n")
    return (
        b"From: sam@council.example\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n"
        b"\r\n--b\r\n\r\nSee attached.\r\n--b\r\n"
        + f"Content-Type: {kind}; name={name}\r\n".encode()
        + b"Content-Transfer-Encoding: base64\r\n\r\n" + coded + b"--b--\r\n"
    )  # fmt: skip


def docx(size: int, draw: random.Random) -> bytes:
    """Return a Word file with so many bytes of XML."""
    runs = "".join(
        f'<w:p w:rsidR="00A1"><w:pPr><w:jc w:val="left"/></w:pPr><w:r><w:rPr><w:b/></w:rPr>'
        f"<w:t>{line}</w:t></w:r></w:p>"
        for line in words(size // 2, draw).split("\n")
    )
    head = '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("[Content_Types].xml", "<Types/>")
        package.writestr("word/document.xml", f"{head}<w:body>{runs}</w:body></w:document>")
        package.writestr("word/media/image1.png", b"\x89PNG\r\n\x1a\n" + draw.randbytes(2000))
    return out.getvalue()


def pdf(pages: int, picture: int, draw: random.Random) -> bytes:
    """Return a PDF of text pages of 40 lines, with one picture of so many bytes."""
    kids = " ".join(f"{10 + 2 * n} 0 R" for n in range(pages))
    out = bytearray(b"%PDF-1.7\n")
    places: dict[int, int] = {}

    def put(number: int, body: bytes) -> None:
        places[number] = len(out)
        out.extend(f"{number} 0 obj\n".encode() + body + b"\nendobj\n")

    def stream(data: bytes, head: str = "") -> bytes:
        start = f"<< {head} /Length {len(data)} >>\nstream\n".encode()
        return start + data + b"\nendstream"

    put(1, b"<< /Type /Catalog /Pages 2 0 R >>")
    put(2, f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>".encode())
    put(3, b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    put(4, stream(draw.randbytes(picture), "/Subtype /Image /Filter /DCTDecode"))
    for number in range(pages):
        lines = words(3200, draw).split("\n")
        text = "".join(f"1 0 0 1 72 {800 - 18 * n} Tm ({one}) Tj\n" for n, one in enumerate(lines))
        content = zlib.compress(f"q 9 0 0 9 0 0 cm /I Do Q BT /F 10 Tf\n{text}ET".encode())
        at = 10 + 2 * number
        put(at, f"<< /Type /Page /Parent 2 0 R /Contents {at + 1} 0 R /Resources << /Font << /F "
            "3 0 R >> /XObject << /I 4 0 R >> >> >>".encode())  # fmt: skip
        put(at + 1, stream(content, "/Filter /FlateDecode"))
    start = len(out)
    out += b"xref\n" + b"".join(
        f"{number} 1\n{place:010d} 00000 n \n".encode() for number, place in places.items()
    )
    out += f"trailer << /Size {max(places) + 1} /Root 1 0 R >>\nstartxref\n{start}\n".encode()
    return bytes(out + b"%%EOF\n")


def median_of(work: Callable[[], object], clock: Callable[[], float]) -> tuple[float, float]:
    """Give the median and the worst of the rounds, in seconds."""
    took = []
    for _round in range(ROUNDS):
        began = clock()
        work()
        took.append(clock() - began)
    return statistics.median(took), max(took)


def through(pool: ExtractionPool, raw: bytes) -> Content:
    """Read a mail as the gateway does: in pieces, once for the outline and once for the text."""
    pieces = [raw[at : at + 65536] for at in range(0, len(raw), 65536)]
    return pool.read(outline(pieces), pieces)


def main() -> None:
    """Print one line for each kind of attachment, then the worker's own figures."""
    draw = random.Random(7)
    page = f"<html><body>{'<p class=x>'.join(words(5 * MIB, draw).split('.'))}</body></html>"
    large = {
        "txt 5 MB": mail(words(5 * MIB, draw).encode(), "a.txt", "text/plain"),
        "html 5 MB": mail(page.encode(), "a.html", "text/html"),
        "docx 5 MB of XML": mail(docx(5 * MIB, draw), "a.docx", "application/msword"),
        "pdf 100 pages, 5 MB": mail(pdf(100, 4 * MIB, draw), "a.pdf", "application/pdf"),
        "zip of a 5 MB txt": mail(zipped(words(5 * MIB, draw)), "a.zip", "application/zip"),
        "picture 5 MB": mail(b"\xff\xd8\xff\xe0" + draw.randbytes(5 * MIB), "a.jpg", "image/jpeg"),
    }
    small = {
        "txt 4 kB": mail(words(4096, draw).encode(), "a.txt", "text/plain"),
        "docx 20 kB of XML": mail(docx(20_000, draw), "a.docx", "application/msword"),
        "pdf 2 pages": mail(pdf(2, 1000, draw), "a.pdf", "application/pdf"),
    }
    pool = ExtractionPool(1)
    print(
        f"{'':<22}{'mail':>9}{'text':>9}{'here':>12}{'worst':>9}{'worker':>10}{'MB/s of text':>14}"
    )
    for name, raw in {**large, **small}.items():
        report(name, raw, pool)
    pool.close()
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss  # KiB, of the worker that ended
    print(f"\nworker: {peak // 1024} MB at its peak")
    print(f"start and first answer: {first_answer(small['docx 20 kB of XML']) * 1000:.0f} ms")


def report(name: str, raw: bytes, pool: ExtractionPool) -> None:
    """Print one line."""
    found = outline([raw])
    content = extract(found, [raw])
    if content.unread:
        raise SystemExit(f"{name}: not read: {content.problems}")
    text = sum(len(one.text) for one in content.passages)
    here, worst = median_of(lambda: extract(found, [raw]), time.process_time)
    there, _worst = median_of(lambda: through(pool, raw), time.perf_counter)
    print(
        f"{name:<22}{len(raw) / 1e6:>6.2f} MB{text / 1e6:>6.2f} MB{here * 1e3:>9.1f} ms"
        f"{worst * 1e3:>9.1f}{there * 1e3:>10.1f}{text / 1e6 / here:>14.0f}"
    )


def zipped(text: str) -> bytes:
    """Return a zip with one text in it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", text)
    return out.getvalue()


def first_answer(raw: bytes) -> float:
    """Give the median time from nothing to the first answer, in seconds."""
    took = []
    for _round in range(3):
        pool = ExtractionPool(1)
        began = time.perf_counter()
        through(pool, raw)
        took.append(time.perf_counter() - began)
        pool.close()
    return statistics.median(took)


if __name__ == "__main__":
    main()
