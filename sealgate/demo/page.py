"""The mail room's web page: every mailbox in the world, as far as the demo goes.

Promises no script and nothing from elsewhere; a caught mail's HTML is shown in a sandbox.
Must never listen beyond loopback: it shows mail to whoever asks.
"""

from email.message import EmailMessage
from pathlib import Path

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from sealgate.demo.mailroom import Caught, MailRoom

HERE = Path(__file__).parent / "templates"
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'"
)
MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "style-src 'unsafe-inline'; img-src data:"
)
OPEN_OUTSIDE = '<base target="_blank">'  # the reader site refuses to be shown in a frame


def make_page(room: MailRoom, reader_url: str) -> web.Application:
    """Build the site: a list, one mail, its HTML part, its bytes."""
    pages = _Pages(room, reader_url)
    app = web.Application()
    app.add_routes(
        [
            web.get("/", pages.list_mails),
            web.get("/mail/{number:[0-9]+}", pages.show_mail),
            web.get("/mail/{number:[0-9]+}/html", pages.show_html),
            web.get("/mail/{number:[0-9]+}/raw", pages.show_raw),
            web.get("/style.css", pages.style),
        ]
    )
    return app


class _Pages:
    def __init__(self, room: MailRoom, reader_url: str) -> None:
        self._room = room
        self._reader_url = reader_url
        self._templates = Environment(
            loader=FileSystemLoader(HERE),
            autoescape=select_autoescape(),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    async def list_mails(self, request: web.Request) -> web.Response:
        mailbox = request.query.get("mailbox", "")
        mails = [
            mail for mail in self._room.newest_first() if not mailbox or mailbox in mail.recipients
        ]
        boxes = sorted({box for mail in self._room.newest_first() for box in mail.recipients})
        return self._page("list.html", mails=mails, boxes=boxes, mailbox=mailbox)

    async def show_mail(self, request: web.Request) -> web.Response:
        mail = self._find(request)
        message = mail.message
        return self._page(
            "mail.html",
            mail=mail,
            headers=[
                (name, str(message[name]))
                for name in ("From", "To", "Cc", "Date", "Subject")
                if name in message
            ],
            text=_text(message, "plain"),
            has_html=_text(message, "html") is not None,
            attachments=[part.get_filename() or "unnamed" for part in message.iter_attachments()],
        )

    async def show_html(self, request: web.Request) -> web.Response:
        html = OPEN_OUTSIDE + (_text(self._find(request).message, "html") or "")
        return web.Response(
            text=html, content_type="text/html", headers={"Content-Security-Policy": MAIL_POLICY}
        )

    async def show_raw(self, request: web.Request) -> web.Response:
        return web.Response(
            body=self._find(request).raw,
            content_type="text/plain",
            charset="utf-8",
            headers={"X-Content-Type-Options": "nosniff"},
        )

    async def style(self, request: web.Request) -> web.Response:
        return web.Response(text=(HERE / "style.css").read_text(), content_type="text/css")

    def _find(self, request: web.Request) -> Caught:
        mail = self._room.find(int(request.match_info["number"]))
        if mail is None:
            raise web.HTTPNotFound(text="The mail room does not have that mail.")
        return mail

    def _page(self, template: str, **values: object) -> web.Response:
        text = self._templates.get_template(template).render(reader_url=self._reader_url, **values)
        return web.Response(
            text=text, content_type="text/html", headers={"Content-Security-Policy": PAGE_POLICY}
        )


def _text(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body(preferencelist=(kind,))
    if part is None:
        return None
    content = part.get_content()
    return content if isinstance(content, str) else None
