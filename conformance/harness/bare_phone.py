"""A telephone of which a test sees every byte: registers over UDP, and takes NOTIFYs."""

import hashlib
import re
import socket
import time
import uuid
from dataclasses import dataclass


@dataclass
class Message:
    start: str
    headers: dict
    body: str


def parse(data):
    head, _, body = data.decode().partition("\r\n\r\n")
    start, *lines = head.split("\r\n")
    pairs = (line.split(":", 1) for line in lines)
    return Message(start, {name.strip().lower(): value.strip() for name, value in pairs}, body)


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


class BarePhone:
    def __init__(self, server, user, password="1234"):
        self._user, self._password, self._domain = user, password, "127.0.0.1"
        self._server = ("127.0.0.1", server.sip_port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.contact = f"sip:{user}@127.0.0.1:{self._socket.getsockname()[1]}"
        self.notify_line = f"NOTIFY {self.contact} SIP/2.0"
        self.call_id = uuid.uuid4().hex
        self._cseq = 0
        # Branches of requests that were taken: what comes again says nothing new.
        self._seen = set()
        self._waiting = []

    def register(self, seconds=3600):
        challenge = self._ask(seconds, "")
        assert challenge.start.startswith("SIP/2.0 401"), challenge
        given = dict(re.findall(r'(\w+)="?([^",]*)"?', challenge.headers["www-authenticate"].removeprefix("Digest ")))
        uri = f"sip:{self._domain}"
        ha1 = md5(f"{self._user}:{given['realm']}:{self._password}")
        response = md5(f"{ha1}:{given['nonce']}:00000001:c0ffee:auth:{md5(f'REGISTER:{uri}')}")
        accepted = self._ask(seconds, (
            f'Authorization: Digest username="{self._user}", realm="{given["realm"]}", nonce="{given["nonce"]}", '
            f'uri="{uri}", response="{response}", algorithm=MD5, qop=auth, nc=00000001, cnonce="c0ffee"\r\n'))
        assert accepted.start.startswith("SIP/2.0 200"), accepted

    def _ask(self, seconds, authorization):
        self._cseq += 1
        own = f"<sip:{self._user}@{self._domain}>"
        host = "%s:%d" % self._socket.getsockname()
        request = (
            f"REGISTER sip:{self._domain} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {host};rport;branch=z9hG4bK{uuid.uuid4().hex}\r\n"
            f"Max-Forwards: 70\r\nFrom: {own};tag={self.call_id[:8]}\r\nTo: {own}\r\n"
            f"Call-ID: {self.call_id}\r\nCSeq: {self._cseq} REGISTER\r\nContact: <{self.contact}>\r\n"
            f"Expires: {seconds}\r\n{authorization}Content-Length: 0\r\n\r\n")
        deadline = time.monotonic() + 30
        while True:
            self._socket.sendto(request.encode(), self._server)
            again = min(time.monotonic() + 2, deadline)
            while message := self._receive(again):
                if message.start.startswith("SIP/2.0 ") and message.headers["cseq"] == f"{self._cseq} REGISTER":
                    return message
            assert time.monotonic() < deadline, "the server does not answer"

    def _receive(self, until):
        """The next message that is new; requests are answered, and kept for whoever waits for them."""
        while (left := until - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                data, source = self._socket.recvfrom(65536)
            except TimeoutError:
                return None
            message = parse(data)
            if message.start.startswith("SIP/2.0 "):
                return message
            kept = ("via", "from", "to", "call-id", "cseq")
            lines = "".join(f"{name}: {message.headers[name]}\r\n" for name in kept)
            lines = lines.replace(f"to: {message.headers['to']}", f"to: {message.headers['to']};tag=bare")
            self._socket.sendto(f"SIP/2.0 200 OK\r\n{lines}content-length: 0\r\n\r\n".encode(), source)
            if message.headers["via"] not in self._seen:
                self._seen.add(message.headers["via"])
                self._waiting.append(message)
                return message
        return None

    def notified(self, seconds=30):
        """The next request the server has sent."""
        deadline = time.monotonic() + seconds
        while not self._waiting:
            assert time.monotonic() < deadline, f"phone {self._user} is not notified"
            self._receive(deadline)
        return self._waiting.pop(0)

    def close(self):
        self._socket.close()
