"""A panel: events over a WebSocket with name and password in its URL, and requests over HTTP."""

import asyncio
import base64
import json
import threading
import time
import urllib.error
import urllib.request

from websockets.asyncio.client import connect

from .event_manager import unchecked
from .panel_documents import answers, messages

USER, PASSWORD = "manager", "manag3rpa55word"
EVENTS = "/communication_manager/ws/event"


class Events:
    """One event connection. A thread of its own reads; what came is kept in order, and is as the server's AsyncAPI document
    says."""

    def __init__(self, address, user=USER, password=PASSWORD, path=EVENTS, secure=False):
        scheme, tls = ("wss", {"ssl": unchecked()}) if secure else ("ws", {})
        login = f"{user}:{password}@" if user else ""
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._socket = self._do(self._connect(f"{scheme}://{login}{address}{path}", tls))
        self._schemas = messages(address, user, password, secure)
        self._fault = None
        self.messages = []
        self._news = threading.Condition()
        asyncio.run_coroutine_threadsafe(self._read(), self._loop)

    @staticmethod
    async def _connect(url, tls):
        return await connect(url, max_size=None, **tls)

    def _do(self, doing, seconds=60):
        try:
            future = asyncio.run_coroutine_threadsafe(asyncio.wait_for(doing, seconds), self._loop)
            return future.result(seconds + 5)
        except BaseException:
            self._loop.call_soon_threadsafe(self._loop.stop)
            raise

    async def _read(self):
        async for text in self._socket:
            message = json.loads(text)
            fault = self._schemas.fault(message)
            with self._news:
                self._fault = self._fault or fault
                self.messages.append(message)
                self._news.notify_all()

    def say(self, text):
        self._do(self._socket.send(text if isinstance(text, str) else json.dumps(text)))

    def until(self, wanted, seconds=60):
        """The first message for which something is so."""
        deadline = time.monotonic() + seconds
        with self._news:
            while True:
                assert not self._fault, self._fault
                for message in self.messages:
                    if wanted(message):
                        return message
                left = deadline - time.monotonic()
                assert left > 0, f"it did not come; there were {[m['type'] for m in self.messages]}"
                self._news.wait(left)

    def event(self, kind, **members):
        """The first event of that type with these members."""
        return self.until(lambda m: m["type"] == kind and all(m.get(k) == v for k, v in members.items()))

    def filter(self, *pairs, correlation="f"):
        """Sets filters and forgets what came before the reply."""
        entries = [{"property": name, "value": value} for name, value in pairs]
        self.say({"type": "filter", "correlationId": correlation, "filters": entries})
        reply = self.until(lambda m: m.get("correlationId") == correlation)
        assert reply["type"] == "success"
        with self._news:
            del self.messages[: self.messages.index(reply) + 1]

    def types(self, *without):
        """Types of what came, in order."""
        return [message["type"] for message in self.messages if message["type"] not in without]

    def close(self):
        self._do(self._socket.close())
        assert not self._fault, self._fault
        self._loop.call_soon_threadsafe(self._loop.stop)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A client that is sent elsewhere looks there itself."""

    def redirect_request(self, *_):
        return None


class Rest:
    """Requests as the FreePBX module makes them; every change is counted. Answers are as the server's OpenAPI document
    says."""

    def __init__(self, address, user=USER, password=PASSWORD, secure=False):
        self._where = (address, user, password, secure)
        self._base = f"{'https' if secure else 'http'}://{address}/communication_manager/"
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if user:
            self._headers["Authorization"] = f"Basic {token}"
        https = urllib.request.HTTPSHandler(context=unchecked())
        self._opener = urllib.request.build_opener(NoRedirect, https)
        self.changes = 0

    def ask(self, method, path, body=None):
        """Status, text and headers."""
        status, text, headers = self._ask(method, path, body)
        # Whoever is not let in sees no document.
        if status not in (302, 401, 403):
            place = f"communication_manager/{path}"
            fault = answers(*self._where).fault(method, place, status, headers["Content-Type"], text)
            assert not fault, fault
        return status, text, headers

    def _ask(self, method, path, body):
        data = None if body is None else (body if isinstance(body, bytes) else json.dumps(body).encode())
        request = urllib.request.Request(self._base + path, data, self._headers, method=method)
        if method != "GET":
            self.changes += 1
        try:
            with self._opener.open(request, timeout=30) as reply:
                return reply.status, reply.read().decode(), reply.headers
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(), error.headers

    def get(self, path):
        """The answer, or `None` for what is not there."""
        status, text, _ = self.ask("GET", path)
        if status == 404:
            return None
        assert status == 200, (path, status, text)
        return json.loads(text)

    def do(self, method, path, body=None):
        status, text, _ = self.ask(method, path, body)
        assert (status, text) == (204, ""), (method, path, status, text)
