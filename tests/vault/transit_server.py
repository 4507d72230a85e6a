"""A transit engine over HTTP, written from the documentation of HashiCorp Vault's API.

https://developer.hashicorp.com/vault/api-docs/secret/transit: encrypt and decrypt, the token
header, the errors of a sealed server and of a token without rights. It is not the product.
"""

import base64
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TOKEN = "hvs.a-token-for-tests"


@dataclass
class Engine:
    """One mount, its keys by name, and what was asked of it."""

    mount: str = "transit"
    keys: dict[str, bytes] = field(default_factory=lambda: {"sealgate": os.urandom(32)})
    sealed: bool = False
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def answer(self, path: str, token: str, body: bytes) -> tuple[int, dict[str, object]]:
        """Do one request."""
        self.asked.append(path)
        if self.sealed:
            return 503, {"errors": ["Vault is sealed"]}
        if token != TOKEN:
            return 403, {"errors": ["permission denied"]}
        match path.split("/"):
            case ["", "v1", self.mount, "encrypt" | "decrypt" as act, name] if name in self.keys:
                return self._do(act, AESGCM(self.keys[name]), json.loads(body))
        return 404, {"errors": []}

    def _do(self, act: str, aead: AESGCM, body: dict[str, str]) -> tuple[int, dict[str, object]]:
        if act == "encrypt":
            nonce = os.urandom(12)
            sealed = nonce + aead.encrypt(nonce, base64.b64decode(body["plaintext"]), None)
            text = f"vault:v1:{base64.b64encode(sealed).decode()}"
            return 200, {"data": {"ciphertext": text, "key_version": 1}}
        try:
            sealed = base64.b64decode(body["ciphertext"].removeprefix("vault:v1:"))
            plain = aead.decrypt(sealed[:12], sealed[12:], None)
        except (InvalidTag, ValueError):
            return 400, {"errors": ["cipher: message authentication failed"]}
        return 200, {"data": {"plaintext": base64.b64encode(plain).decode()}}


@contextmanager
def transit() -> Iterator[Engine]:
    """Run an engine on a free port."""
    engine = Engine()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            code, answer = engine.answer(self.path, self.headers["X-Vault-Token"], body)
            written = json.dumps(answer).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(written)))
            self.end_headers()
            self.wfile.write(written)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        engine.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield engine
        finally:
            server.shutdown()
            thread.join()
