"""A plain RTP end: sends G.711 µ-law audio from a port of its own and keeps what comes back."""

import socket
import struct
import threading
import time

import numpy



def to_mulaw(samples):
    """Full scale 1.0 to µ-law bytes (ITU-T G.711 §3.2), 14 bit magnitudes."""
    linear = numpy.clip((samples * 8192).round().astype(int), -8159, 8158)
    sign = numpy.where(linear < 0, 0x00, 0x80)
    magnitude = numpy.abs(linear) + 33
    segment = numpy.clip(numpy.floor(numpy.log2(magnitude)).astype(int) - 5, 0, 7)
    mantissa = (magnitude >> (segment + 1)) & 0x0F
    code = (~((segment << 4) | mantissa)) & 0x7F
    return (sign | code).astype(numpy.uint8).tobytes()


def from_mulaw(data):
    """µ-law bytes to full scale 1.0."""
    code = ~numpy.frombuffer(data, numpy.uint8).astype(int) & 0xFF
    segment, mantissa = (code >> 4) & 7, code & 0x0F
    magnitude = (((mantissa << 1) + 33) << segment) - 33
    return numpy.where(code & 0x80, -magnitude, magnitude) / 8192.0


class RtpEnd:
    """One socket. `talk_to` sends a tone in 20 ms packets from a thread until `stop`."""

    def __init__(self, hertz=800.0, level_dbfs=-15.0, port=0):
        self.hertz, self.level_dbfs = hertz, level_dbfs
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", port))
        self.socket.settimeout(0.1)
        self.port = self.socket.getsockname()[1]
        self.received = []
        self.sent = 0
        # Seconds by which a packet left too late, the worst since the last mark: that much of a silence is ours.
        self.latest = 0.0
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._receive, daemon=True)]
        self._threads[0].start()

    def talk_to(self, port):
        thread = threading.Thread(target=self._send, args=(port,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _send(self, port):
        began = time.monotonic()
        amplitude = 10 ** (self.level_dbfs / 20)
        while not self._stop.is_set():
            times = (self.sent * 160 + numpy.arange(160)) / 8000
            payload = to_mulaw(amplitude * numpy.sin(2 * numpy.pi * self.hertz * times))
            header = struct.pack("!BBHII", 0x80, 0, self.sent & 0xFFFF, self.sent * 160, 0x5EED)
            self.socket.sendto(header + payload, ("127.0.0.1", port))
            self.sent += 1
            left = began + self.sent * 0.02 - time.monotonic()
            self.latest = max(self.latest, -left)
            time.sleep(max(0.0, left))

    def _receive(self):
        while not self._stop.is_set():
            try:
                data = self.socket.recv(2048)
            except OSError:
                continue
            if len(data) >= 12 and data[0] >> 6 == 2 and data[1] & 0x7F == 0:
                self.received.append((time.monotonic(), struct.unpack("!H", data[2:4])[0], data[12:]))

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(2)
        self.socket.close()

    def heard(self):
        """Everything received, in the order of the sequence numbers, as samples."""
        if not self.received:
            return numpy.zeros(0)
        first = self.received[0][1]
        ordered = sorted(self.received, key=lambda packet: (packet[1] - first + 0x8000) & 0xFFFF)
        return numpy.concatenate([from_mulaw(payload) for _, _, payload in ordered])

    def mark(self):
        """A point in time to judge from."""
        self.latest = 0.0
        return len(self.received), self.sent

    def since(self, mark):
        """What happened after that point."""
        received, sent = mark
        return Part(self.received[received:], self.sent - sent, self.latest)


class Part:
    """A part of a talk."""

    def __init__(self, packets, sent, latest):
        times = [when for when, _, _ in packets]
        self.sent = sent
        self.received = len(packets)
        self.silence_ms = 1000 * max((b - a for a, b in zip(times, times[1:])), default=float("inf")) - 1000 * latest
        payloads = [payload for _, _, payload in packets]
        self.samples = from_mulaw(b"".join(payloads)) if payloads else numpy.zeros(0)
