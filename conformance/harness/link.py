"""A TCP connection between a client and a server that a test can break."""

import socket
import struct
import threading

# Closing sends RST: neither end has a chance to say goodbye.
ABRUPTLY = struct.pack("ii", 1, 0)


class Link:
    """Listens on 127.0.0.1 and passes everything on to a port there, both ways."""

    def __init__(self, port):
        self._to = port
        self._lock = threading.Lock()
        self._passes = True
        self._sockets = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def cut(self, for_good=False):
        """Breaks what there is; `for_good`: and whatever comes."""
        with self._lock:
            self._passes = self._passes and not for_good
            cut, self._sockets = self._sockets, set()
        assert cut, "there was nothing to cut"
        for one in cut:
            self._drop(one)

    def stop(self):
        self._listener.close()
        with self._lock:
            left, self._sockets = self._sockets, set()
        for one in left:
            self._drop(one)

    def _listen(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._to))
            with self._lock:
                passes = self._passes
                if passes:
                    self._sockets |= {client, server}
            if not passes:
                self._drop(client)
                self._drop(server)
                continue
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._pass, args=(source, sink), daemon=True).start()

    def _pass(self, source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            # The other direction ends by itself, or both were cut.
            return

    @staticmethod
    def _drop(one):
        try:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABRUPTLY)
            # A thread that waits in `recv` holds the socket open; this wakes it.
            one.shutdown(socket.SHUT_RD)
        except OSError:
            pass
        one.close()
