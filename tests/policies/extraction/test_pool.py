"""Workers may hang, die and lie: the mail counts as unread, and the next one is read."""

import io
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pypdf import PdfWriter

from policies.extraction import wire
from policies.extraction.budgets import Budgets
from policies.extraction.mail import extract
from policies.extraction.passages import Content, State
from policies.extraction.pool import ExtractionPool
from policies.message.mime import outline
from tests.policies.extraction import files
from tests.policies.extraction.bombs import BOMBS, COSTLY
from tests.policies.extraction.mails import MARKER, attached, body, said
from tests.policies.extraction.test_kinds_read import CLOSED, LOCKED, READ

MOST_MEMORY = 300 << 20
MOST_CPU = 10.0  # seconds; a clock would measure how busy the machine is


@pytest.fixture(scope="module")
def pool() -> Iterator[ExtractionPool]:
    made = ExtractionPool(1)
    yield made
    made.close()


def read(pool: ExtractionPool, raw: bytes) -> Content:
    pieces = [raw[at : at + 70_000] for at in range(0, len(raw), 70_000)]
    return pool.read(outline(pieces), pieces)


def worker(pool: ExtractionPool) -> int:
    (one,) = pool._all
    return one.pid


def peak(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def locked_pdf(password: str, algorithm: str) -> bytes:
    """A PDF whose owner allows no copying; opening it takes the password."""
    writer = PdfWriter(clone_from=io.BytesIO(files.pdf(files.shown(MARKER))))
    writer.encrypt(password, "owner", algorithm=algorithm)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def cpu(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def program(source: str) -> tuple[str, ...]:
    return (sys.executable, "-c", source)


def test_a_worker_finds_what_is_found_here(pool: ExtractionPool) -> None:
    """Of every kind: so nothing is missing that could not be loaded any more."""
    for data in [*(one[0] for one in READ.values()), *CLOSED.values()]:
        raw = attached(data)
        assert read(pool, raw) == extract(outline([raw]), [raw])
    for data, kind in LOCKED.values():
        raw = attached(data, kind=kind)
        assert read(pool, raw) == extract(outline([raw]), [raw])


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-128", "AES-256"])
def test_a_pdf_that_anybody_can_open_is_read(pool: ExtractionPool, algorithm: str) -> None:
    raw = attached(locked_pdf("", algorithm))
    content = read(pool, raw)
    assert MARKER in said(content)
    assert not content.unread


def test_a_pdf_with_a_password_is_encrypted(pool: ExtractionPool) -> None:
    content = read(pool, attached(locked_pdf("secret", "AES-256")))
    assert {one.state for one in content.attachments} == {State.ENCRYPTED}


def test_one_worker_reads_one_mail_after_the_other(pool: ExtractionPool) -> None:
    raw = attached(files.docx(MARKER))
    read(pool, raw)
    before = worker(pool)
    read(pool, raw)
    assert worker(pool) == before


def test_text_and_html_need_no_worker() -> None:
    pool = ExtractionPool(1, command=("/nowhere",))
    raw = body(f"<p>{MARKER}</p>".encode(), "Content-Type: text/html")
    content = read(pool, raw)
    assert MARKER in said(content)
    assert not content.unread


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_not_read(pool: ExtractionPool, name: str) -> None:
    raw = attached(BOMBS[name]())
    read(pool, attached(files.docx("x")))
    before = cpu(worker(pool))
    content = read(pool, raw)
    assert content.unread
    for one in pool._all:  # none, if it had to be killed
        assert cpu(one.pid) - before < MOST_CPU
        assert peak(one.pid) < MOST_MEMORY


@pytest.mark.parametrize("name", COSTLY)
def test_what_costs_much_is_read_in_time(pool: ExtractionPool, name: str) -> None:
    raw = attached(COSTLY[name]())
    began = time.process_time()
    content = read(pool, raw)
    assert time.process_time() - began < 10
    assert MARKER in said(content) or content.unread
    for one in pool._all:
        assert peak(one.pid) < MOST_MEMORY


def test_a_mail_that_is_too_large_is_not_clean(pool: ExtractionPool) -> None:
    raw = body(b"x" * 78 + b"\r\n") + (b"y" * 78 + b"\r\n") * 600_000
    content = read(pool, raw)
    assert content.unread


def test_a_killed_worker_costs_its_mail_only() -> None:
    pool = ExtractionPool(1)
    try:
        read(pool, attached(files.docx("x")))
        pid = worker(pool)
        raw = attached(BOMBS["PDF forms in forms"]())
        killer = threading.Timer(0.3, os.kill, (pid, signal.SIGKILL))
        killer.start()
        content = read(pool, raw)
        killer.join()
        assert content == Content(
            problems=("the mail was not read: the process that reads attachments ended early",)
        )
        assert MARKER in said(read(pool, attached(files.docx(MARKER))))
        assert worker(pool) != pid
    finally:
        pool.close()


def test_a_worker_that_died_while_idle_costs_nothing() -> None:
    pool = ExtractionPool(1)
    try:
        read(pool, attached(files.docx("x")))
        os.kill(worker(pool), signal.SIGKILL)
        time.sleep(0.2)
        assert MARKER in said(read(pool, attached(files.docx(MARKER))))
    finally:
        pool.close()


def test_a_worker_that_hangs_is_killed_in_time() -> None:
    pool = ExtractionPool(
        1, seconds=0.5, command=program("import os, time; os.write(1, b'R'); time.sleep(60)")
    )
    began = time.monotonic()
    content = read(pool, attached(files.docx("x" * 300_000)))
    assert time.monotonic() - began < 30
    assert content.problems == ("the mail was not read: it takes too long",)
    assert not pool._all


@pytest.mark.parametrize(
    "command", [("/nowhere",), ("/bin/false",), program("print('hello')"), program("print('R')")]
)
def test_a_program_that_is_no_worker_reads_nothing(command: tuple[str, ...]) -> None:
    content = read(ExtractionPool(1, command=command), attached(files.docx("x")))
    assert content.unread
    assert not content.passages


LIES = {
    "a frame longer than anything": "w(struct.pack('>cL', b'P', 0xFFFFFFFF)); w(b'x' * 99)",
    "a kind of frame that is none": "w(struct.pack('>cL', b'Z', 0))",
    "a place that is none": "f(b'P', struct.pack('>Bl', 9, 0) + b'x')",
    "a part that is none": "f(b'P', struct.pack('>Bl', 1, 77) + b'x')",
    "a part before the first": "f(b'P', struct.pack('>Bl', 1, -2) + b'x')",
    "letters that are none": "f(b'P', struct.pack('>Bl', 1, 0) + bytes([255]))",
    "half a passage": "f(b'P', b'x')",
    "an attachment that is none": "f(b'A', b'{}')",
    "an attachment of lists": "f(b'A', b'[[], [], [], [], [], []]')",
    "a name that is none": 'f(b"A", b\'[0, [1], "a", "b", 1, "read"]\')',
    "a state that is none": 'f(b"A", b\'[0, [], "a", "b", 1, "fine"]\')',
    "a kind like a sentence": 'f(b"A", b\'[0, [], "a", "<b>", 1, "read"]\')',
    "deep JSON": "f(b'A', b'[' * 100000)",
    "JSON that is short for what it takes": "f(b'A', b'[' + b'[],' * 2_000_000 + b'[]]')",
    "half a character": 'f(b"A", b\'[0, ["\\\\ud800"], "a", "b", 1, "read"]\')',
    "a size beyond all files": 'f(b"A", b\'[0, ["x"], "a", "b", 9\' + b"9" * 99 + b\', "read"]\')',
    "names without end": 'one = ", ".join([chr(34) + "x" * 1000 + chr(34)] * 16);'
    ' [f(b"A", (\'[0, [\' + one + \'], "a", "b", 1, "read"]\').encode()) for n in range(600)]',
    "a problem that quotes": "f(b'D', 'caf\\u00e9 @'.encode())",
    "a stretch beyond the mail": "f(b'Q', struct.pack('>QQ', 0, 1 << 40))",
    "a stretch that is none": "f(b'Q', struct.pack('>QQ', 5, 5))",
    "two stretches at once": "w(2 * (struct.pack('>cL', b'Q', 16) + struct.pack('>QQ', 0, 5)))",
    "an end with something behind": "w(struct.pack('>cL', b'E', 0) + b'x')",
    "an end that is too long": "f(b'E', b'x')",
    "more text than there may be": "[f(b'P', struct.pack('>Bl', 1, 0) + b'x' * 10**6)"
    " for n in range(50)]",
    "more passages than there may be": "w(20_002 * (struct.pack('>cL', b'P', 6)"
    " + struct.pack('>Bl', 1, 0) + b'x'))",
}
LIAR = """
import os, struct
def w(data):
    while data: data = data[os.write(1, data):]
w(b'R')
def f(letter, body): w(struct.pack('>cL', letter, len(body)) + body)
size = struct.unpack('>Q', os.read(0, 8))[0]
while size: size -= len(os.read(0, size))
"""


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_a_worker_is_not_believed(lie: str) -> None:
    ending = "" if "b'E'" in lie else "\nf(b'E', b'')"
    command = program(LIAR + lie + ending + "\nimport time; time.sleep(9)")
    content = read(ExtractionPool(1, command=command, seconds=5), attached(files.docx("x")))
    lied = "the mail was not read: the process that reads attachments gave no proper answer"
    assert content == Content(problems=(lied,))


def test_a_frame_is_no_longer_than_what_it_may_say() -> None:
    """JSON takes up to thirty times its length once it is read: it is not even gathered."""
    for letter in (wire.ATTACHMENT, wire.PROBLEM, wire.ASKING, wire.END):
        answer = wire.Answer(Budgets(), 1, 10)
        with pytest.raises(wire.BadAnswer):
            answer.feed(wire.FRAME.pack(letter, 1 << 20))


def test_an_answer_that_is_there_too_late_is_none() -> None:
    """Who always has something to say is never waited for, and is killed in time all the same."""
    ends = LIAR + "f(b'Q', struct.pack('>QQ', 0, 9)); os.read(0, 9); f(b'E', b'')"
    raw = attached(os.urandom(1 << 18))

    class Slow(list[bytes]):
        def between(self, start: int, stop: int) -> Iterator[bytes]:
            time.sleep(1)
            yield raw[start:stop]

    pool = ExtractionPool(1, command=program(ends), seconds=0.5)
    content = pool.read(outline([raw]), Slow([raw]))
    assert content.problems == ("the mail was not read: it takes too long",)


def test_a_worker_that_ends_before_it_has_what_it_asked_for_has_lied() -> None:
    """What it left unread would be the beginning of its next mail."""
    early = (
        LIAR + "f(b'Q', struct.pack('>QQ', 0, 3_000_000)); f(b'E', b'')\nwhile os.read(0, 99999): 0"
    )
    pool = ExtractionPool(1, command=program(early), seconds=20)
    content = read(pool, attached(os.urandom(3_000_000)))
    assert content.problems == (
        "the mail was not read: the process that reads attachments gave no proper answer",
    )
    assert not pool._all


def test_a_pool_that_is_closed_meanwhile_writes_to_nobody_else() -> None:
    """The number of a closed pipe is given to whatever is opened next."""
    raw = attached(os.urandom(1 << 18))
    pool = ExtractionPool(1)
    opened: list[socket.socket] = []

    class Closing(list[bytes]):
        def between(self, start: int, stop: int) -> Iterator[bytes]:
            pool.close()
            opened.extend(one for _pair in range(4) for one in socket.socketpair())
            yield raw[start:stop]

    content = pool.read(outline([raw]), Closing([raw]))
    assert content.unread
    assert opened
    for one in opened:
        with pytest.raises(BlockingIOError):
            one.recv(1, socket.MSG_DONTWAIT)
    for one in opened:
        one.close()


def test_a_worker_that_goes_on_talking_is_not_asked_again() -> None:
    late = LIAR + "f(b'E', b'')\nimport time; time.sleep(0.2); w(b'x'); time.sleep(9)"
    pool = ExtractionPool(1, command=program(late))
    read(pool, attached(files.docx("x")))
    first = worker(pool)
    time.sleep(0.4)
    read(pool, attached(files.docx("x")))
    assert worker(pool) != first
    pool.close()


def test_an_honest_answer_of_the_same_shape_is_believed() -> None:
    honest = (
        LIAR
        + """
f(b'P', struct.pack('>Bl', 1, 0) + b'hello')
f(b'A', b'[0, ["a"], "b/c", "zip", 1, "encrypted"]')
f(b'D', b'an attachment that is damaged')
f(b'E', b'')
"""
    )
    pool = ExtractionPool(1, command=program(honest))
    content = read(pool, attached(files.docx("x")))
    pool.close()
    assert said(content) == "hello"
    assert content.attachments[0].state is State.ENCRYPTED
    assert content.problems == ("an attachment that is damaged",)


def test_a_worker_is_replaced_after_so_many_mails() -> None:
    pool = ExtractionPool(1, mails=2)
    try:
        pids = []
        for _mail in range(4):
            read(pool, attached(files.docx("x")))
            pids.append(worker(pool))
        assert pids[0] == pids[1] != pids[2] == pids[3]
    finally:
        pool.close()


def test_callers_at_once_each_get_their_own_answer(pool: ExtractionPool) -> None:
    found: dict[int, str] = {}

    def ask(number: int) -> None:
        found[number] = said(read(pool, attached(files.docx(f"letter {number}"))))

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(f"letter {number}" in text for number, text in found.items())
    assert len(found) == 8


def test_a_mail_that_breaks_off_ends_its_worker(pool: ExtractionPool) -> None:
    raw = attached(files.docx(MARKER))

    def broken() -> Iterator[bytes]:
        yield raw[:300]
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="disk"):
        pool.read(outline([raw + b"x" * (1 << 18)]), broken())
    assert MARKER in said(read(pool, raw))


def test_a_closed_pool_reads_nothing() -> None:
    pool = ExtractionPool(1)
    read(pool, attached(files.docx("x")))
    pid = worker(pool)
    pool.close()
    assert not Path(f"/proc/{pid}").exists()
    assert read(pool, attached(files.docx("x"))).unread


PROBE = """
import os, socket, sys
from policies.extraction.confinement import confine
confine(64 << 20)
def blocked(what):
    try: what()
    except (OSError, MemoryError): return True
    return False
def after_closing_one():
    os.close(2)
    open('/etc/hostname')
found = [
    blocked(lambda: open('/etc/hostname')),
    blocked(after_closing_one),
    blocked(os.fork),
    blocked(lambda: os.kill(os.getppid(), 0)),
    blocked(lambda: open('/tmp/sealgate-probe', 'w')),
    blocked(lambda: socket.socket()),
    blocked(lambda: bytearray(100 << 20)),
    blocked(lambda: sys.stdout.write('')),
]
print(found)
"""


def test_a_worker_can_open_nothing() -> None:
    done = subprocess.run(
        program(PROBE), capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3]
    )
    assert done.stdout.strip() == "[True, True, True, True, True, True, True, False]"


ABANDON = """
import signal, threading
from policies.extraction.pool import ExtractionPool
from tests.policies.extraction.files import docx
from tests.policies.extraction.mails import attached
from tests.policies.extraction.test_pool import read

pool = ExtractionPool(1)

def begin():
    read(pool, attached(docx("x")))
    (one,) = pool._all
    print(one.pid, flush=True)

threading.Thread(target=begin).start()
signal.pause()
"""


def lives(number: int) -> bool:
    """Whether a process is there and has not ended."""
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2]
    except OSError:
        return False
    return "Z" not in state.split()[0]


def test_a_worker_ends_with_the_process_that_started_it_and_not_with_its_thread() -> None:
    with subprocess.Popen(
        program(ABANDON), stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]
    ) as owner:
        assert owner.stdout is not None
        number = int(owner.stdout.readline())
        time.sleep(0.5)
        outlived = lives(number)
        owner.kill()
    assert outlived, "it ended with the thread that started it"
    until = time.monotonic() + 20
    while lives(number):
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_worker_has_no_environment_and_three_pipes(pool: ExtractionPool) -> None:
    read(pool, attached(files.docx("x")))
    folder = Path(f"/proc/{worker(pool)}")
    names = [one.partition(b"=")[0] for one in (folder / "environ").read_bytes().split(b"\0")]
    allocator = {b"MALLOC_ARENA_MAX", b"MALLOC_MMAP_THRESHOLD_"}
    assert set(names) - {b""} <= {b"PYTHONPATH", b"LC_CTYPE"} | allocator
    assert {one.name for one in (folder / "fd").iterdir()} == {"0", "1", "2"}
    assert (folder / "cwd").readlink() == Path("/")


def test_a_worker_that_has_read_a_large_mail_is_not_kept(pool: ExtractionPool) -> None:
    read(pool, attached(files.docx("x")))
    first = worker(pool)
    read(pool, attached(files.docx("y")))
    assert worker(pool) == first, "one that has read small mails is"
    read(pool, attached(b"The minutes of Tuesday. " * 400_000))
    assert not pool._all, "its memory is given back"
    assert not Path(f"/proc/{first}").exists()


def test_a_worker_without_work_is_ended() -> None:
    pool = ExtractionPool(1, idle=0.2)
    try:
        read(pool, attached(files.docx("x")))
        pid = worker(pool)
        until = time.monotonic() + 30
        while pool._all or lives(pid):
            assert time.monotonic() < until
            time.sleep(0.05)
        assert MARKER in said(read(pool, attached(files.docx(MARKER))))
    finally:
        pool.close()


def prose(size: int) -> bytes:
    return b"The minutes of Tuesday, 3 > 2.\r\n" * (size // 33)


def test_a_large_mail_is_never_held_whole() -> None:
    """Its text is more than is kept of a mail: nothing of it need be in memory to know that."""
    pool = ExtractionPool(1)
    peaks: list[int] = []
    try:
        large = b"Content-Type: text/plain\r\n\r\n" + prose(60 << 20)
        found = outline([large])
        read(pool, attached(files.docx("x")))
        pid = worker(pool)
        forget = pool._forget

        def watched(one: object) -> None:
            peaks.append(peak(pid))
            forget(one)  # type: ignore[arg-type]

        pool._forget = watched  # type: ignore[method-assign]
        content = pool.read(found, [large])
        assert content.problems == ("the mail was not read to its end: it holds too much text",)
        assert peaks[0] < 80 << 20
    finally:
        pool.close()


def test_small_mails_pass_by_large_ones() -> None:
    waits = threading.Event()

    class Slow(list[bytes]):
        """A mail that is there once somebody else has been served."""

        def __iter__(self) -> Iterator[bytes]:
            assert waits.wait(60)
            yield from super().__iter__()

    pool = ExtractionPool(1)
    try:
        large = attached(files.docx("large")) + b"x" * (9 << 20)
        answers: list[Content] = []
        found = outline([large])
        threads = [
            threading.Thread(target=lambda: answers.append(pool.read(found, Slow([large]))))
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        assert MARKER in said(read(pool, attached(files.docx(MARKER))))
        waits.set()
        for thread in threads:
            thread.join()
        assert ["large" in said(one) for one in answers] == [True, True]
        assert len(pool._all) <= 1
    finally:
        pool.close()
