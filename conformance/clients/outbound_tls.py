"""A program over TLS, with Python's ssl and no library: answers, plays, collects a digit, tells, and leaves.

    outbound_tls.py <port> <certificate> <key>
"""

import json
import socket
import ssl
import sys


def say(stage, **fields):
    print(json.dumps({"stage": stage, **fields}), flush=True)


class Call:
    def __init__(self, connection):
        self._connection = connection
        self._pending = b""

    def send(self, *lines):
        self._connection.sendall("\n".join([*lines, "", ""]).encode())

    def read(self):
        """The next frame: its headers, and its body."""
        while b"\n\n" not in self._pending:
            self._more()
        head, self._pending = self._pending.split(b"\n\n", 1)
        headers = dict(line.split(": ", 1) for line in head.decode().split("\n"))
        length = int(headers.get("Content-Length", 0))
        while len(self._pending) < length:
            self._more()
        body, self._pending = self._pending[:length], self._pending[length:]
        return headers, body.decode()

    def _more(self):
        more = self._connection.recv(65536)
        if not more:
            raise EOFError
        self._pending += more

    def ask(self, *lines):
        self.send(*lines)
        while True:
            headers, body = self.read()
            if headers["Content-Type"] in ("command/reply", "api/response"):
                return headers, body

    def execute(self, name, argument=""):
        return self.ask("sendmsg", "call-command: execute", f"execute-app-name: {name}", f"execute-app-arg: {argument}")

    def wait_for(self, name):
        while True:
            headers, body = self.read()
            if headers["Content-Type"] == "text/event-plain" and f"Event-Name: {name}\n" in body:
                return dict(line.split(": ", 1) for line in body.split("\n") if ": " in line)


def serve(connection):
    say("connected", version=connection.version())
    call = Call(connection)
    data, _ = call.ask("connect")
    assert call.ask("myevents")[0]["Reply-Text"].startswith("+OK")
    call.execute("answer")
    call.execute("playback", "tone_stream://%(1500,0,850)")
    say("asked", uuid=data["Unique-ID"])
    say("pressed", digit=call.wait_for("DTMF")["DTMF-Digit"])
    # More than one record of TLS holds.
    long = "x" * 100_000
    say("echoed", length=len(call.ask(f"api echo {long}")[1]))
    connection.unwrap().close()


def main(port, certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = socket.create_server(("127.0.0.1", int(port)))
    say("listens")
    while True:
        accepted, _ = listener.accept()
        try:
            with context.wrap_socket(accepted, server_side=True) as connection:
                serve(connection)
        except (ssl.SSLError, ConnectionError, EOFError) as error:
            say("refused", error=str(error))


if __name__ == "__main__":
    main(*sys.argv[1:])
