"""A client of the Event Manager, as its programs are: a WebSocket over TLS with one header.

The package's blocking client reads and writes a TLS connection from two threads, and with Python 3.11 four of four hundred
handshakes ended early; of eight hundred with its asyncio client none did. So that one is used, in a thread of its own.
"""

import asyncio
import functools
import json
import ssl
import threading
import time

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

HEADER = "Immersitech: I_am_valid_immersitech_please_accept_me"

# Longest time for a handshake, and until the next message.
PATIENCE = 20


@functools.cache
def _loop():
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="websockets", daemon=True).start()
    return loop


def _wait(doing, seconds=PATIENCE):
    future = asyncio.run_coroutine_threadsafe(asyncio.wait_for(doing, seconds), _loop())
    return future.result(seconds + 5)


def unchecked():
    """TLS with a server that made its certificate itself."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def _connect(url, headers, **more):
    return await connect(url, additional_headers=headers, ssl=unchecked(), max_size=None, **more)


class EventManager:
    """One connection. Replies are told from events by their `Status`. Refused, it is an `InvalidStatus` of `websockets`."""

    def __init__(self, url, header=HEADER, path="/", **more):
        headers = [tuple(header.split(": ", 1))] if header else []
        self._socket = _wait(_connect(url + path, headers, **more))
        self.events = []

    def say(self, request):
        _wait(self._socket.send(request if isinstance(request, str) else json.dumps(request)))

    def hear(self):
        return json.loads(_wait(self._socket.recv()))

    def ask(self, command, **keys):
        """The reply; events before it are kept."""
        self.say({"Command": command, **keys})
        return self.reply()

    def reply(self):
        while "Status" not in (message := self.hear()):
            self.events.append(message)
        return message

    def ok(self, command, **keys):
        reply = self.ask(command, **keys)
        assert reply["Status"] == "OK" and reply["Error Code"] == -10000, reply
        assert reply["Request"] == {"Command": command, **keys}
        return reply

    def refused(self, code, command, **keys):
        reply = self.ask(command, **keys)
        assert reply["Status"] == "ERROR" and reply["Error Code"] == code, reply
        assert reply["Error"] == reply["Error Description"]
        return reply["Error"]

    def until(self, event, **values):
        """The next event of that name with those values."""
        limit = time.monotonic() + 20
        while time.monotonic() < limit:
            message = self.events.pop(0) if self.events else self.hear()
            if message.get("Event") == event and values.items() <= message.items():
                return message
        raise AssertionError(f"no {event}")

    def end(self):
        """The code with which the server closes; what it says before is dropped."""
        while True:
            try:
                _wait(self._socket.recv())
            except ConnectionClosed as closed:
                return closed.rcvd and closed.rcvd.code

    def close(self):
        _wait(self._socket.close())
