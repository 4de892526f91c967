"""Telephones in one program: each answers when called, says something over and over, and keeps what it hears.

One thread answers calls, one sends for all, one receives for all. What is said is encoded beforehand and what is heard
is decoded afterwards, so that a busy machine does not make gaps that would be heard as the server's.
"""

import os
import re
import selectors
import socket
import struct
import threading
import time

import numpy

from . import opus
from .rtp import from_mulaw, to_mulaw

PACKET_S = 0.02
# Of so many packets, so many are held back and sent with the next: the server learns to wait for that long, and what
# this busy machine delays while somebody listens is not missed.
CYCLE, HELD = 16, 4
# Later than this a packet may be missed all the same.
LATE_S = 0.07
TRIES = 8
# What is answered for each codec, behind the payload type that was offered.
FORMATS = {
    "opus": "opus/48000/2",
    "L16": "L16/8000",
    "PCMU": "PCMU/8000",
}


def hurry():
    """This thread goes before what else the machine has to do, where that is allowed."""
    try:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), -15)
    except PermissionError:
        pass


class Leg:
    """One telephone. `says` are samples at `rate`, of whole packets, said again and again.

    One with Opus has two ears.
    """

    def __init__(self, name, codec="opus", says=None):
        self.name, self.codec = name, codec
        self.rate = 48_000 if codec == "opus" else 8000
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.port = self.socket.getsockname()[1]
        self.payload_type = None
        self.far = None
        # Set to say something else, from the next packet on.
        self.says = self.encoded(says)
        self.sent = 0
        self._due = 0
        self._first = None
        # Packets by how many came before them.
        self._packets = {}
        self.count = 0
        self._decoder = opus.Decoder()
        self._sound = []

    def encoded(self, samples):
        """Packets of something to say; nothing is silence."""
        if samples is None:
            samples = numpy.zeros(self.rate)
        if self.codec == "opus":
            # The second time round, when the encoder has found what to expect, joins itself.
            packets = opus.encode(numpy.concatenate([samples, samples]))
            return packets[len(packets) // 2 :]
        chunks = numpy.asarray(samples).reshape(-1, int(self.rate * PACKET_S))
        if self.codec == "PCMU":
            return [to_mulaw(chunk) for chunk in chunks]
        return [(chunk * 32767).round().astype(">i2").tobytes() for chunk in chunks]

    def answer_to(self, offer):
        """The description that answers an offer: this codec alone."""
        name = FORMATS[self.codec]
        found = re.search(rf"^a=rtpmap:(\d+) {re.escape(name)}", offer, re.M | re.I)
        assert found, f"{self.name} was not offered {name}:\n{offer}"
        self.payload_type = int(found[1])
        address = re.search(r"^c=IN IP4 (\S+)", offer, re.M)[1]
        self.far = (address, int(re.search(r"^m=audio (\d+)", offer, re.M)[1]))
        lines = [
            "v=0", f"o={self.name} 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0",
            f"m=audio {self.port} RTP/AVP {self.payload_type}", f"a=rtpmap:{self.payload_type} {name}", "a=ptime:20",
        ]
        if self.codec == "opus":
            lines.append(f"a=fmtp:{self.payload_type} stereo=1")
        return "\r\n".join([*lines, ""])

    def speak(self, is_held):
        """One more packet is said; if it is not held back, it is sent with those that were."""
        if self.far is None:
            return
        self._due += 1
        while not is_held and self.sent < self._due:
            self._send()

    def _send(self):
        payload = self.says[self.sent % len(self.says)]
        clock = 48_000 if self.codec == "opus" else 8000
        header = struct.pack("!BBHII", 0x80, self.payload_type, self.sent & 0xFFFF,
                             int(self.sent * clock * PACKET_S) & 0xFFFFFFFF, self.port)
        self.sent += 1
        self.socket.sendto(header + payload, self.far)

    def receive(self):
        while True:
            try:
                data = self.socket.recv(2048)
            except OSError:
                return
            if len(data) < 12 or data[0] >> 6 != 2 or data[1] & 0x7F != self.payload_type:
                continue
            sequence = struct.unpack("!H", data[2:4])[0]
            if self._first is None:
                self._first = sequence
            at = (sequence - self._first) & 0xFFFF
            self._packets[at] = data[12:]
            self.count = max(self.count, at + 1)

    def hears_two_channels(self):
        """Whether two channels came last: a bit of the first byte of Opus (RFC 6716 §3.1)."""
        return self.count > 0 and bool(self._packets[self.count - 1][0] & 4)

    def heard(self, start, end):
        """From one number of packets to another: rows left and right, which are the same for one ear."""
        while len(self._sound) < end:
            self._sound.append(self._decoded(self._packets.get(len(self._sound))))
        return numpy.concatenate(self._sound[start:end], axis=1)

    def _decoded(self, payload):
        if self.codec == "opus":
            return self._decoder.decode(payload)
        samples = numpy.zeros(int(self.rate * PACKET_S))
        if payload:
            samples = from_mulaw(payload) if self.codec == "PCMU" else numpy.frombuffer(payload, ">i2") / 32768.0
        return numpy.stack([samples, samples])


class RoomLegs:
    """All telephones of a test, at one SIP address; `missed_ticks` says how often the server gave up 20 ms so far."""

    def __init__(self, missed_ticks):
        self.legs, self.missed_ticks = {}, missed_ticks
        self._sip = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sip.bind(("127.0.0.1", 0))
        self._sip.settimeout(0.2)
        self.sip_port = self._sip.getsockname()[1]
        self._answers = {}
        self._selector = selectors.DefaultSelector()
        self._news = threading.Condition()
        self._stop = threading.Event()
        # How late packets were sent since somebody asked, seconds.
        self._latest = 0.0
        self._is_measuring = False
        self._threads = [
            threading.Thread(target=run, daemon=True) for run in (self._answer, self._send, self._receive)
        ]
        for thread in self._threads:
            thread.start()

    def add(self, leg):
        self._selector.register(leg.socket, selectors.EVENT_READ, leg)
        self.legs = {**self.legs, leg.name: leg}
        return leg

    def dial_string(self, leg):
        codecs = f"{{absolute_codec_string={leg.codec.upper()}}}"
        return f"{codecs}sofia/internal/{leg.name}@127.0.0.1:{self.sip_port}"

    def _answer(self):
        while not self._stop.is_set():
            try:
                data, source = self._sip.recvfrom(65536)
            except OSError:
                continue
            head, _, body = data.decode().partition("\r\n\r\n")
            method = head.split(" ", 1)[0]
            if method in ("INVITE", "BYE", "CANCEL"):
                self._sip.sendto(self._response(method, head, body).encode(), source)

    def _response(self, method, head, body):
        """200 to everything; to a repeated request the same again."""
        lines = head.split("\r\n")
        kept = [line for line in lines if re.match(r"(via|from|call-id|cseq|record-route):", line, re.I)]
        to = next(line for line in lines if re.match(r"to:", line, re.I))
        name = re.match(r"\w+ sip:([^@;]+)@", head)[1]
        leg = self.legs[name]
        key = tuple(kept)
        if key not in self._answers:
            content = leg.answer_to(body) if method == "INVITE" else ""
            to += "" if "tag=" in to else f";tag={name}"
            described = ["Content-Type: application/sdp"] if content else []
            response = ["SIP/2.0 200 OK", *kept, to, f"Contact: <sip:{name}@127.0.0.1:{self.sip_port}>", *described,
                        f"Content-Length: {len(content)}", "", content]
            self._answers[key] = "\r\n".join(response)
            if method == "BYE":
                leg.far = None
        return self._answers[key]

    def _send(self):
        hurry()
        began, ticks = time.monotonic(), 0
        while not self._stop.is_set():
            is_held = not self._is_measuring and ticks % CYCLE < HELD
            for leg in self.legs.values():
                leg.speak(is_held)
            ticks += 1
            left = began + ticks * PACKET_S - time.monotonic()
            self._latest = max(self._latest, -left)
            time.sleep(max(0.0, left))

    def _receive(self):
        hurry()
        while not self._stop.is_set():
            if not self.legs:
                time.sleep(PACKET_S)
                continue
            ready = self._selector.select(0.1)
            for key, _ in ready:
                key.data.receive()
            if ready:
                with self._news:
                    self._news.notify_all()

    def in_time(self, listen):
        """What `listen` returns, done again when a packet went out so late meanwhile that the server missed it, or the
        server was let stand so long that it gave up time: nobody can say then whose fault it is what is heard."""
        for _ in range(TRIES):
            missed = self.missed_ticks()
            self._latest, self._is_measuring = 0.0, True
            try:
                heard = listen()
            finally:
                self._is_measuring = False
            if self._latest < LATE_S and self.missed_ticks() == missed:
                return heard
        raise AssertionError(f"this machine is too busy to speak evenly: {1000 * self._latest:.0f} ms late")

    def listen(self, seconds, legs=None):
        """What each of some telephones hears from now on, by name."""
        legs = list(self.legs.values()) if legs is None else legs
        starts = {leg.name: leg.count for leg in legs}
        packets = round(seconds / PACKET_S)
        self.wait(lambda: all(leg.count >= starts[leg.name] + packets for leg in legs), seconds + 20)
        return {leg.name: leg.heard(starts[leg.name], starts[leg.name] + packets) for leg in legs}

    def wait(self, condition, seconds=60):
        deadline = time.monotonic() + seconds
        with self._news:
            while not condition():
                assert self._news.wait(max(0.0, deadline - time.monotonic())), "the telephones hear nothing"

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(2)
        self._sip.close()
        for leg in self.legs.values():
            leg.socket.close()
