"""A client of the web gateway without a browser: frames in, frames out, no sound."""

import hashlib
import json
import time

import websocket


class GatewayClient:
    """One connection that speaks sylkRTC-2."""

    def __init__(self, server):
        self.server = server
        self.events = []
        self._serial = 0
        self._socket = self._connect()

    def _connect(self):
        """A server that has just started may open this door a moment after the others."""
        deadline = time.monotonic() + 5
        while True:
            try:
                return websocket.create_connection(self.server.gateway, subprotocols=["sylkRTC-2"], timeout=30)
            except ConnectionRefusedError:
                assert time.monotonic() < deadline, self.server.log()
                time.sleep(0.05)

    def ask(self, name, seconds=60, **fields):
        """Sends a request and returns its answer; events in between are kept in `events`."""
        self._serial += 1
        transaction = f"t{self._serial}"
        self._socket.send(json.dumps({"sylkrtc": name, "transaction": transaction, **fields}))
        deadline = time.monotonic() + seconds
        while True:
            message = self._read(deadline, f"an answer to {name}")
            if message.get("transaction") == transaction:
                return message
            self.events.append(message)

    def add(self, account, password):
        user, domain = account.split("@")
        ha1 = hashlib.md5(f"{user}:{domain}:{password}".encode()).hexdigest()
        answer = self.ask("account-add", account=account, password=ha1)
        assert answer["sylkrtc"] == "ack", answer

    def register(self, account):
        """The states up to the last one, and its reason."""
        answer = self.ask("account-register", account=account)
        assert answer["sylkrtc"] == "ack", answer
        states = []
        while True:
            event = self.wait_for("registration-state")
            states.append(event["state"])
            if event["state"] in ("registered", "failed"):
                return states, event.get("reason")

    def wait_for(self, name, seconds=40, **fields):
        """The next event of this name with these fields."""
        deadline = time.monotonic() + seconds
        while True:
            event = self.events.pop(0) if self.events else self._read(deadline, name)
            if event.get("event") == name and all(event.get(key) == value for key, value in fields.items()):
                return event

    def silent(self, seconds):
        """Nothing but the gateway's own notices comes for so long."""
        deadline = time.monotonic() + seconds
        seen = self.events
        self.events = []
        while time.monotonic() < deadline:
            self._socket.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                seen.append(json.loads(self._socket.recv()))
            except websocket.WebSocketTimeoutException:
                break
        return [message for message in seen if message.get("sylkrtc") != "ready-event"]

    def _read(self, deadline, what):
        left = deadline - time.monotonic()
        assert left > 0, f"no {what} came\n{self.server.log()}"
        self._socket.settimeout(left)
        try:
            return json.loads(self._socket.recv())
        except websocket.WebSocketTimeoutException:
            raise AssertionError(f"no {what} came\n{self.server.log()}") from None

    def close(self):
        self._socket.close()
