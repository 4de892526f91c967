"""A way to a server on which every datagram is lost once: what is said has to be said again, whoever says it."""

import hashlib
import re
import selectors
import socket
import threading


class ForgetfulNetwork:
    """Stands in for a server: `sip_port` is where its client sends. One client at a time, over UDP.

    `spares` is a pattern of messages that are not lost."""

    def __init__(self, server, spares=rb"(?!)"):
        self._spares = re.compile(spares)
        self._far = ("127.0.0.1", server.sip_port)
        self._client = None
        self._inner, self._outer = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        for end in (self._inner, self._outer):
            end.bind(("127.0.0.1", 0))
            end.setblocking(False)
        self.sip_port = self._inner.getsockname()[1]
        # First lines of what was lost.
        self.lost = []
        self._seen = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        with selectors.DefaultSelector() as ready:
            for end in (self._inner, self._outer):
                ready.register(end, selectors.EVENT_READ)
            while not self._ended.is_set():
                for key, _ in ready.select(0.05):
                    self._pass(key.fileobj)

    def _pass(self, end):
        data, sender = end.recvfrom(65535)
        if end is self._inner:
            self._client = sender
        name = hashlib.sha256(data).digest()
        if name not in self._seen and not self._spares.search(data):
            self._seen.add(name)
            self.lost.append(data.split(b"\r\n", 1)[0].decode())
        elif end is self._inner:
            self._outer.sendto(data, self._far)
        elif self._client is not None:
            self._inner.sendto(data, self._client)

    def stop(self):
        self._ended.set()
        self._thread.join()
        self._inner.close()
        self._outer.close()
