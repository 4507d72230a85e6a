"""Free ports of this machine, and waiting until something listens on one."""

import socket
import time
from contextlib import closing


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on now."""
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port: int = probe.getsockname()[1]
        return port


def wait_for(port: int, seconds: float = 30.0) -> None:
    """Wait until an SMTP server greets on a port. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with closing(socket.create_connection(("127.0.0.1", port), 2)) as probe:
                if probe.recv(3) == b"220":
                    probe.sendall(b"QUIT\r\n")
                    return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError(f"nothing greets on port {port}")
