"""Pieces that foreign input is made of, for hypothesis: the bytes that readers stumble over."""

from random import Random

from hypothesis import strategies as st

from bench.fuzz.mutation import mutated
from bench.fuzz.seeds import seeds

_WORDS = (
    b"NHS 999 725 1466", b"|", b"S", b"E", b"GB", b"881034567890", b"=?utf-8?B?TkhT?=",
    b"=?utf-8?q?=39=39?=", b"=?", b"?=", b"utf-7", b"+ADkAOQ-", b"\xef\xbc\x99",
    b"\xe2\x80\x8b", b"\xed\xa0\x80", b"\xff\xfe", b"\0", b"\r\n", b"\r\n ", b"\n", b"\r",
    b"\t", b" ", b'"', b"\\", b"(", b")", b";", b"=", b",", b":", b"<", b">", b"'", b"%39",
    b"*", b"*0", b"*1*", b"filename", b"boundary=x", b"charset=utf-16", b"multipart/mixed",
    b"message/rfc822", b"text/html", b"base64", b"--x", b"--x--", b"Content-Type",
    b"Content-Transfer-Encoding", b"Subject", b"9", b"a", b"\xd0\x90", b"\xcc\x81",
    b"12/06/2017", b"jo@example.com", b"Mr Smith", b"SW1A 1AA", b"07700 900123",
    b"4111 1111 1111 1111",
)  # fmt: skip
_POLICY = (
    "version: 1", "rules:", "  - name: a", "    when:", "      direction: external",
    "      subject:", "        finds: [any]", "    then: seal", "    then: refuse",
    "    tell_sender: no", "lists:", "  x:", "    kind: domains", "    entries: [a.example]",
    "settings:", "  seal:", "    expires_after: 3 days",
    "      anywhere: {finds: upn, at_least: 2}", "- ", "&a", "*a", "!!python/object:os.system",
    "{", "}", "[", "]", "? ", ": ", "|", ">", "'", '"', "#", "---", "...", "\t", "%YAML 9",
    "null", "yes", "0x1", "1e999", "\u2028", "\ufeff",
)  # fmt: skip


def bytes_of_mail(most: int = 40) -> st.SearchStrategy[bytes]:
    """Pieces in any order."""
    piece = st.one_of(st.sampled_from(_WORDS), st.binary(max_size=6))
    return st.lists(piece, max_size=most).map(b"".join)


def policy_texts() -> st.SearchStrategy[bytes]:
    """Lines of policies in any order, indented anyhow."""
    line = st.tuples(st.sampled_from(("", "  ", "    ")), st.sampled_from(_POLICY)).map("".join)
    return st.lists(line, max_size=14).map(lambda lines: "\n".join(lines).encode())


def changed(target: str) -> st.SearchStrategy[bytes]:
    """A golden input of a target after a few changes; a number makes it the same again."""
    kept = [seed for seed in seeds(target) if len(seed) < 6000]

    def make(number: int) -> bytes:
        rng = Random(number)
        return mutated(rng.choice(kept), rng.choice(kept), rng)[:30_000]

    return st.integers(0, 1 << 32).map(make)
