"""A bare event-socket connection: what goes over the wire and nothing cleverer."""

import re
import socket
import time


class Frame:
    def __init__(self, headers, body):
        self.headers = headers
        self.body = body

    @property
    def content_type(self):
        return self.headers.get("Content-Type")

    @property
    def reply(self):
        return self.headers.get("Reply-Text")

    def event(self):
        """Headers of the plain event this frame carries."""
        from urllib.parse import unquote

        head = self.body.split("\n\n", 1)[0]
        pairs = (line.split(": ", 1) for line in head.split("\n") if ": " in line)
        return {name: unquote(value) for name, value in pairs}

    def __repr__(self):
        return f"Frame({self.headers}, {self.body!r})"


class EventSocket:
    def __init__(self, port, password="ClueCon", host="127.0.0.1", login=True, tls=None):
        """`tls` is an `ssl.SSLContext`, for a port with TLS."""
        self.socket = socket.create_connection((host, port), timeout=30)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")
        self._pending = b""
        self.events = []
        if login:
            greeting = self.read()
            assert greeting.content_type == "auth/request", greeting
            answer = self.command(f"auth {password}")
            assert answer.reply == "+OK accepted", answer

    def send(self, text):
        self.socket.sendall(text if isinstance(text, bytes) else text.encode())

    def read(self, seconds=30):
        """The next frame, whatever it is; None at the end of the connection."""
        deadline = time.monotonic() + seconds
        while b"\n\n" not in self._pending:
            if not self._more(deadline):
                return None
        head, rest = self._pending.split(b"\n\n", 1)
        headers = dict(re.findall(r"^([^:\n]+): ?(.*)$", head.decode(), re.M))
        length = int(headers.get("Content-Length", 0))
        while len(rest) < length:
            self._pending = head + b"\n\n" + rest
            if not self._more(deadline):
                return None
            rest = self._pending.split(b"\n\n", 1)[1]
        self._pending = rest[length:]
        return Frame(headers, rest[:length].decode())

    def _more(self, deadline):
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"no frame; {self._pending[-200:]!r} is pending")
        self.socket.settimeout(left)
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            return False
        self._pending += data
        return bool(data)

    def command(self, text, seconds=30):
        """Sends a command and returns its reply; events in between are kept in `events`."""
        self.send(text + "\n\n")
        while True:
            frame = self.read(seconds)
            assert frame is not None, f"the connection ended instead of a reply to {text!r}"
            if frame.content_type in ("command/reply", "api/response"):
                return frame
            self.events.append(frame)

    def api(self, text, seconds=30):
        return self.command("api " + text, seconds).body

    def wait_for(self, name, seconds=30, **fields):
        """The next plain event of this name with these header values (`_` stands for `-`)."""
        wanted = {key.replace("_", "-"): value for key, value in fields.items()}
        deadline = time.monotonic() + seconds
        while True:
            frame = self.events.pop(0) if self.events else self.read(max(0.01, deadline - time.monotonic()))
            assert frame is not None, f"the connection ended before {name}"
            if frame.content_type != "text/event-plain":
                continue
            event = frame.event()
            if event.get("Event-Name") == name and all(event.get(k) == v for k, v in wanted.items()):
                return event

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
