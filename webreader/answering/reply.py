"""Answering in the reader: the recipient writes to the owner, and the owner back to a recipient.

An answer is sealed like any other message and joins the conversation. The owner also gets it in the
clear, in his own mailbox; nobody else ever does. Promises that an answer goes to one address only,
which the visitor cannot choose, and that sending a form twice sends one answer.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from aiohttp import web

from vault.contents.spool import Spool
from vault.packages import catalogue
from webreader import failures
from webreader.answering.answer import Answer, NoReplies, address, addressee, keep, may_reply
from webreader.answering.composing import SEALED_AGAIN, Composer, answer_subject
from webreader.answering.drafts import DRAFTS, FORM, Sent
from webreader.answering.ruling import NotAllowed
from webreader.answering.scanning import Infected, NotScanned, TooLargeToScan
from webreader.content import filenames
from webreader.failures import NO_REPLY
from webreader.guard import streamed
from webreader.pages import page, redirect
from webreader.reading.secondlock import unlocked
from webreader.site import came_from, in_thread
from webreader.upload import TEXT_BYTES, TooLarge, Upload
from webreader.visits import reader

DRAFT_BYTES: Final = 16


@dataclass(slots=True, repr=False)
class Typed:
    """What the visitor has given so far, so that it is not lost when something is wrong."""

    draft: str = ""
    text: str = ""
    files: list[tuple[str, int]] = field(default_factory=list)


class Incomplete(Exception):
    """The form lacks something; the message says what."""


async def form(request: web.Request) -> web.Response:
    """GET /p/{package}/reply: the form, or the receipt of what was sent from it."""
    identity = reader(request)
    sent = request.app[DRAFTS].find(identity, request.query.get("sent", ""))
    if sent is not None:
        return page(request, "receipt.html", receipt=sent, id=request.match_info["package"])
    if "sent" in request.query:
        return redirect(f"/p/{request.match_info['package']}")
    return await _form(request, Typed(draft=secrets.token_hex(DRAFT_BYTES)))


@streamed
async def send(request: web.Request) -> web.StreamResponse:
    """POST /p/{package}/reply: send what was typed and chosen."""
    identity = reader(request)
    upload, typed = Upload(request), Typed()
    await upload.open()
    typed.draft = await upload.field("draft")
    if not FORM.fullmatch(typed.draft):
        raise web.HTTPBadRequest
    try:
        await request.app[DRAFTS].once(
            identity, typed.draft, partial(_send, request, upload, typed)
        )
    except NoReplies:
        return failures.show(request, NO_REPLY)
    except TooLarge as large:
        await upload.drain()
        return await _form(request, typed, [("files", str(large))], status=413)
    except (Incomplete, NotAllowed, Infected, NotScanned) as wrong:
        where, said, status = _told(wrong)
        return await _form(request, typed, [(where, said)], status)
    return redirect(f"/p/{request.match_info['package']}/reply?sent={typed.draft}")


def _told(wrong: Exception) -> tuple[str, str, int]:
    """Return what is said of an answer that was not sent: at which field, in which words."""
    match wrong:
        case NotAllowed():
            return "message", f"Not sent. {wrong}", 403
        case Infected():
            failure = failures.infected(wrong.found)
        case NotScanned():
            failure = failures.NOT_SCANNED[isinstance(wrong, TooLargeToScan)]
        case _:
            return "message", str(wrong), 400
    return "files", failure.text, failure.status


async def _send(request: web.Request, upload: Upload, typed: Typed) -> Sent:
    """Take in the rest of the form, and keep the answer."""
    site, identity, origin = unlocked(request), reader(request), came_from(request)
    with Spool(site.store) as spool:
        package = request.match_info["package"]
        answer = await in_thread(request, address, site, identity, package, spool, origin)
        async with asyncio.timeout(site.settings.upload_seconds):
            await _write(request, upload, typed, answer, spool)
        names = [name for name, _ in typed.files]
        receipt = await in_thread(request, keep, site, answer, spool, names, origin)
    return Sent(
        to=answer.head.to,
        reference=receipt.reference,
        sent_at=answer.head.sent_at,
        characters=len(typed.text.strip()),
        files=tuple(typed.files),
    )


async def _write(
    request: web.Request, upload: Upload, typed: Typed, answer: Answer, spool: Spool
) -> None:
    """Let the form flow into the spool as a mail."""
    typed.text = await upload.field("message", TEXT_BYTES)
    composer = Composer(answer.head, typed.text)
    async for part in upload.files():
        name, size = filenames.clean(part.filename or ""), 0
        opening = b"" if typed.files else composer.begin(mixed=True)
        await in_thread(request, spool.write, opening + composer.file(name))
        async for piece in upload.pieces(part):
            size += len(piece)
            await in_thread(request, spool.write, composer.piece(piece))
        typed.files.append((name, size))
    if not typed.files:
        if not typed.text.strip():
            raise Incomplete("Write a message, or choose a file to send.")
        spool.write(composer.begin(mixed=False))
    spool.write(composer.end())
    await in_thread(request, spool.finish)


async def _form(
    request: web.Request,
    typed: Typed,
    errors: list[tuple[str, str]] | None = None,
    status: int = 200,
) -> web.Response:
    site, identity, package = unlocked(request), reader(request), request.match_info["package"]
    lines = await in_thread(
        request, catalogue.conversation, site.store, site.opening, identity, package
    )
    line = next(line for line in lines if line.package.id == package)
    if not may_reply(line.package, identity):
        return failures.show(request, NO_REPLY)
    to = addressee(line.package, identity)
    return page(
        request,
        "reply.html",
        status=status,
        id=package,
        subject=answer_subject(line.summary.subject).removesuffix(SEALED_AGAIN),
        to=to,
        to_name=line.summary.author_name if to == line.package.author else "",
        errors=errors or [],
        draft=typed.draft,
        text=typed.text,
        lost=[name for name, _ in typed.files],
        max_files=site.settings.reply_max_files,
        max_bytes=site.settings.reply_max_bytes,
    )


ROUTES = [
    web.get("/p/{package:[a-z2-7]{26}}/reply", form),
    web.post("/p/{package:[a-z2-7]{26}}/reply", send),
]
