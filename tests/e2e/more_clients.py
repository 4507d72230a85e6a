"""msmtp and nodemailer, in the form in which `clients` has its own: what servers and programs use.

nodemailer is a library for Node: `deploy/setup/test-packages` installs it below `.cache/node`.
"""

import json
import os
import re
from pathlib import Path

import pytest

from tests.e2e.clients import Client, Order, replies, run
from tests.e2e.conftest import need
from tests.e2e.stage import Stage

TOP = Path(__file__).parents[2]
NODE = Path(os.environ.get("SEALGATE_NODE", TOP / ".cache/node"))


class Msmtp(Client):
    """msmtp, as servers send their own mail."""

    async def send(self, stage: Stage, order: Order) -> list[str]:
        secured = self.security != "none"
        user = (f"--user={order.login}", f"--passwordeval=printf %s '{order.password}'")
        said = await run(
            "msmtp",
            *("--host=localhost", f"--port={stage.ports[self.port]}", "--debug"),
            f"--tls={'on' if secured else 'off'}",
            f"--tls-starttls={'on' if self.security == 'STARTTLS' else 'off'}",
            f"--tls-trust-file={stage.folder / 'certificate.pem'}",
            *((f"--auth={self.mechanism.lower()}", *user) if self.mechanism else ("--auth=off",)),
            *(f"--from={order.sender}", "--", *order.to),
            stdin=order.content.replace(b"\r\n", b"\n"),
        )
        return replies(re.findall(r"(?m)^<-- (.*)$", said))


PROGRAM = """
const order = JSON.parse(process.argv[1]);
const chunks = [];
process.stdin.on("data", one => chunks.push(one)).on("end", () => {
  const log = (_, ...words) => console.log(words.join(" "));
  const level = {trace() {}, debug: log, info() {}, warn() {}, error() {}, fatal() {}, level() {}};
  require("nodemailer").createTransport({...order.how, debug: true, logger: level})
    .sendMail({envelope: order.envelope, raw: Buffer.concat(chunks)})
    .catch(() => {});  // what the server said has been written
});
"""


class Nodemailer(Client):
    """nodemailer, as programs in JavaScript use it."""

    async def send(self, stage: Stage, order: Order) -> list[str]:
        need("node")
        if not (NODE / "node_modules" / "nodemailer").exists():
            pytest.skip("nodemailer is not installed: deploy/setup/test-packages installs it")
        authority = (stage.folder / "certificate.pem").read_text()
        how = {
            "host": "localhost",
            "port": stage.ports[self.port],
            "secure": self.security == "TLS",
            "requireTLS": self.security == "STARTTLS",
            "ignoreTLS": self.security == "none",
            "tls": {"ca": authority},
        }
        if self.mechanism:
            how["auth"] = {"user": order.login, "pass": order.password}
            how["authMethod"] = self.mechanism
        envelope = {"from": order.sender, "to": list(order.to)}
        words = json.dumps({"how": how, "envelope": envelope})
        program = f"module.paths.push({json.dumps(str(NODE / 'node_modules'))});{PROGRAM}"
        said = await run("node", "-e", program, words, stdin=order.content)
        return replies(re.findall(r"(?m)^(\d{3}[ -].*)$", said))
