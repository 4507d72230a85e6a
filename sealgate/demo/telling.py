"""What the demo writes on the terminal: what was sent, what was said, where to click."""

import sys
from pathlib import Path

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from sealgate.demo.node import PASSWORD, Node
from sealgate.demo.samples import SENDER
from sealgate.demo.sending import Sent

RECIPIENT = "j.okafor@okafor-law.example"
_SEALGATE = Path(sys.executable).with_name("sealgate")  # of the environment that runs the demo


def tell(console: Console, node: Node, outcomes: list[Sent]) -> None:
    """Write the table and the addresses."""
    console.print()
    console.print(_table(outcomes))
    console.print(
        Panel(_addresses(node), title="Where to click", title_align="left", padding=(1, 2))
    )
    console.print(
        Panel(_clients(node), title="Send to it yourself", title_align="left", padding=(1, 2))
    )
    console.print(_commands(node), soft_wrap=True)
    console.print("[bold]Running.[/] Ctrl-C stops everything and removes its data.")


def _table(outcomes: list[Sent]) -> Table:
    table = Table(
        title="Six mails through the SMTP port",
        title_justify="left",
        box=box.ROUNDED,
        expand=True,
        show_lines=True,
    )
    table.add_column("What was sent", ratio=4)
    table.add_column("To", ratio=4, overflow="fold")
    table.add_column("What the mail client was told", ratio=6, overflow="fold")
    for sent in outcomes:
        answer = Text(sent.answer, style="green" if sent.accepted else "yellow")
        table.add_row(
            Text.assemble((sent.sample.shows, "bold"), "\n", (sent.subject, "dim")),
            "\n".join(sent.sample.recipients),
            answer,
        )
    return table


def _addresses(node: Node) -> Text:
    room = f"http://127.0.0.1:{node.ports.room_page}/"
    return Text.assemble(
        ("Mail room    ", "bold"), (room, "cyan"), "\n",
        "             every mailbox of the outside world: notices and codes arrive here\n",
        ("Reader site  ", "bold"), (node.reader_url + "/", "cyan"), "\n",
        "             your browser warns once: the certificate was made for this demo\n",
        ("             its SHA-256 begins " + node.fingerprint[:23] + "\n", "dim"),
        "\nOpen a notice in the mail room, follow its link, and sign in as ",
        (RECIPIENT, "bold"), ".\nThen sign in as ", (SENDER, "bold"),
        " to see who opened it, and withdraw it.",
    )  # fmt: skip


def _clients(node: Node) -> Text:
    ports = node.ports
    return Text.assemble(
        ("Thunderbird, Outlook  ", "bold"),
        f"server localhost, port {ports.starttls} with STARTTLS or {ports.tls} with SSL/TLS\n",
        "                      user ", (SENDER, "bold"), "\n",
        "                      password ", (PASSWORD, "bold"),
    )  # fmt: skip


def _commands(node: Node) -> Text:
    """Commands to copy: outside a frame and never broken, whatever the width of the terminal."""
    config = node.config
    return Text.assemble(
        ("Send by swaks, and look with the commands of a node, in a second terminal:\n\n", "bold"),
        f"swaks --server localhost:{node.ports.starttls} --tls \\\n",
        f"  --auth-user {SENDER} --auth-password {PASSWORD} \\\n",
        f"  --from {SENDER} --to {RECIPIENT} \\\n",
        "  --header 'Subject: [secure] Hello'\n\n",
        f"{_SEALGATE} queue list --config {config}\n",
        f"{_SEALGATE} doctor --config {config}\n",
    )  # fmt: skip
