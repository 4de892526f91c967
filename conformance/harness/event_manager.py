"""A client of the Event Manager, as its programs are: a WebSocket over TLS with one header."""

import json
import ssl
import time

import websocket

HEADER = "Immersitech: I_am_valid_immersitech_please_accept_me"


class EventManager:
    """One connection. Replies are told from events by their `Status`."""

    def __init__(self, url, header=HEADER, subprotocols=None, path="/"):
        self._socket = websocket.create_connection(
            url + path, header=[header] if header else [], timeout=20, subprotocols=subprotocols,
            # The server made its certificate itself.
            sslopt={"cert_reqs": ssl.CERT_NONE},
        )
        self.events = []

    def say(self, request):
        self._socket.send(request if isinstance(request, str) else json.dumps(request))

    def hear(self):
        return json.loads(self._socket.recv())

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

    def frame(self):
        """Opcode and content of the next frame, answered by nobody."""
        frame = self._socket.recv_frame()
        return frame.opcode, frame.data

    def close(self):
        self._socket.close()
