"""`python -m bench.relay.memory`: what large mails and endless lines cost Sealgate in memory.

Ten mails of 100 MiB are sealed at the same time, of text and then with an attachment each, and a
mail of 400 MiB without a line end is sent.
The most that was resident is told, summed over all processes, and how much that is above before.
"""

import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from time import sleep

from bench.relay.ground import Ground, ground
from bench.relay.tree import Tree
from bench.relay.work import MIB, RECIPIENT, SENDER, Work

LARGE = Work(name="sealed 100 MB", size=100 * MIB, count=10, sessions=10, sealed=True)
ATTACHED = replace(LARGE, size=99 * MIB, attached=True)  # another file than the other's
ENDLESS = 400 * MIB
BLOCK = b"x" * MIB


@dataclass(slots=True)
class Watch:
    """Looks at the memory of a tree until stopped. Bytes."""

    tree: Tree
    before: int = 0
    most: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    def look(self) -> None:
        """Keep the most that was seen."""
        while not self._over.wait(0.05):
            self.most = max(self.most, self.tree.memory)

    def stop(self) -> None:
        """Look no more."""
        self._over.set()


@contextmanager
def watched(tree: Tree) -> Iterator[Watch]:
    """Watch a tree meanwhile."""
    watch = Watch(tree, before=tree.memory)
    thread = threading.Thread(target=watch.look)
    thread.start()
    try:
        yield watch
    finally:
        watch.stop()
        thread.join()


def main() -> None:
    """Measure and print."""
    with ground() as here:
        sleep(3)  # its processes have started, and its workers are warm
        tell("ten sealed mails of 100 MB at once", partial(large, LARGE), here)
        tell("the same with attachments", partial(large, ATTACHED), here)
        tell("400 MB without a line end", endless, here)


def tell(name: str, act: Callable[[Ground], str], here: Ground) -> None:
    """Do something, and print what it cost."""
    with watched(here.peer.tree) as watch:
        told = act(here)
    grown = (watch.most - watch.before) / MIB
    print(f"{name:<36}{told}, most {watch.most / MIB:.0f} MB, grown {grown:.0f} MB")


def large(work: Work, here: Ground) -> str:
    """Send ten large mails at once."""
    words = [*work.arguments(here.folder, work.count, 0), f"127.0.0.1:{here.peer.port}"]
    subprocess.run(["smtp-source", *words], check=True)
    return f"{work.count} accepted"


def endless(here: Ground) -> str:
    """Send a mail that is one line; return what became of it."""
    with socket.create_connection(("127.0.0.1", here.peer.port), 60) as line:
        answers = line.makefile("rb")
        answers.readline()
        for command in ("HELO bench", f"MAIL FROM:<{SENDER}>", f"RCPT TO:<{RECIPIENT}>", "DATA"):
            line.sendall(f"{command}\r\n".encode())
            answers.readline()
        try:
            for _ in range(ENDLESS // MIB):
                line.sendall(BLOCK)
            line.sendall(b"\r\n.\r\n")
            return f"answered {answers.readline()[:3].decode()}"
        except OSError:  # it need not listen to the end of what it will not take
            return "hung up on"


if __name__ == "__main__":
    main()
