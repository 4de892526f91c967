"""Peers that behave badly while a call with audio runs. Each may cost itself its connection; none may
cost the call a packet, nor another connection an answer.
"""

import random
import socket
import time

import pytest

from harness.ear import assert_tone
from harness.event_socket import EventSocket
from harness.rtp import RtpEnd
from harness.sipp import Sipp

# The longest the echo may be silent while somebody else misbehaves: three packets of 20 ms, plus what
# a busy machine of two cores adds.
LONGEST_SILENCE_MS = 150


@pytest.fixture(scope="module")
def talk(server, tmp_path_factory):
    """One call with audio to the echo, for as long as this file takes."""
    end = RtpEnd()
    try:
        sipp = Sipp(server, "uac_until_bye", tmp_path_factory.mktemp("call"), callee="9196",
                    audio_port=end.port, seconds=240)
        end.talk_to(sipp.far_audio_port())
        yield end
        with server.connect() as console:
            console.api("hupall")
        sipp.finish()
    finally:
        end.stop()


@pytest.fixture
def call(server, talk):
    """That call, judged over the time of one test."""
    time.sleep(0.3)
    mark = talk.mark()
    yield talk
    answers(server)
    time.sleep(0.5)
    part = talk.since(mark)
    assert part.silence_ms < LONGEST_SILENCE_MS, f"{part.silence_ms:.0f} ms of silence"
    assert part.received > 0.95 * (part.sent - 5), f"{part.received} of {part.sent} packets came back"
    assert_tone(part.samples, 8000, talk.hertz, talk.level_dbfs, "echo")


def answers(server):
    """The server still answers on a fresh event-socket connection and on both SIP transports."""
    began = time.monotonic()
    with server.connect() as other:
        assert other.api("status").startswith("UP ")
    assert time.monotonic() - began < 1.0
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        assert b"SIP/2.0 200" in options(server, kind)


def options(server, kind):
    with socket.socket(socket.AF_INET, kind) as peer:
        peer.settimeout(3)
        peer.connect(("127.0.0.1", server.sip_port))
        here = "%s:%d" % peer.getsockname()
        transport = "UDP" if kind == socket.SOCK_DGRAM else "TCP"
        peer.sendall((
            f"OPTIONS sip:127.0.0.1:{server.sip_port} SIP/2.0\r\n"
            f"Via: SIP/2.0/{transport} {here};branch=z9hG4bK{random.getrandbits(64):x};rport\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:probe@{here}>;tag={random.getrandbits(32):x}\r\n"
            f"To: <sip:127.0.0.1:{server.sip_port}>\r\nCall-ID: {random.getrandbits(64):x}@probe\r\n"
            "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
        ).encode())
        return peer.recv(65536)


def reads_to_the_end(peer, seconds=30):
    """Everything the server still says; fails when it does not close within `seconds`."""
    peer.settimeout(seconds)
    said = b""
    try:
        while more := peer.recv(65536):
            said += more
    except ConnectionResetError:
        pass
    return said


def connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=30)


@pytest.mark.parametrize("port_of", ["event_socket_port", "sip_port"])
def test_half_open_connections(server, call, port_of):
    peers = [connect(getattr(server, port_of)) for _ in range(50)]
    for peer in peers[::2]:
        peer.shutdown(socket.SHUT_WR)
    time.sleep(2)
    answers(server)
    for peer in peers:
        peer.close()


def test_a_command_byte_by_byte(server, call):
    with EventSocket(server.event_socket_port, login=False) as slow:
        slow.read()
        for byte in b"auth ClueCon\n\napi status\n\n":
            slow.send(bytes([byte]))
            time.sleep(0.005)
        assert slow.read().reply == "+OK accepted"
        assert slow.read().body.startswith("UP ")


def test_a_sip_request_byte_by_byte(server, call):
    with connect(server.sip_port) as peer:
        here = "%s:%d" % peer.getsockname()
        text = (
            f"OPTIONS sip:127.0.0.1:{server.sip_port} SIP/2.0\r\nVia: SIP/2.0/TCP {here};branch=z9hG4bKslow;rport\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:slow@{here}>;tag=1\r\nTo: <sip:127.0.0.1>\r\nCall-ID: slow{here}\r\n"
            "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
        )
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in text.encode():
            peer.sendall(bytes([byte]))
            time.sleep(0.002)
        peer.settimeout(5)
        assert peer.recv(65536).startswith(b"SIP/2.0 200")


@pytest.mark.parametrize("port_of", ["event_socket_port", "sip_port"])
def test_binary_noise(server, call, port_of):
    noise = random.Random(20261121)
    for _ in range(20):
        with connect(getattr(server, port_of)) as peer:
            try:
                for _ in range(8):
                    peer.sendall(noise.randbytes(4096))
            except OSError:
                pass  # cut off: that is the one connection it may cost
    answers(server)


def test_noise_in_datagrams(server, call):
    noise = random.Random(11)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        for size in [0, 1, 2, 4, 11, 12, 100, 1400, 9000, 65000]:
            for _ in range(20):
                peer.sendto(noise.randbytes(size), ("127.0.0.1", server.sip_port))
    answers(server)


@pytest.mark.parametrize("first", [
    pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", id="http"),
    pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(507), id="tls"),
])
@pytest.mark.parametrize("port_of", ["event_socket_port", "sip_port"])
def test_other_protocols(server, call, port_of, first):
    with connect(getattr(server, port_of)) as peer:
        peer.sendall(first)
        time.sleep(0.3)
    answers(server)


@pytest.mark.parametrize("length", ["99999999999", "-1", "16777217"])
def test_oversized_length_on_the_event_socket(server, call, length):
    with server.connect() as peer:
        peer.send(f"sendevent CUSTOM\nContent-Length: {length}\n\n")
        said = reads_to_the_end(peer.socket)
        assert b"text/disconnect-notice" in said
    answers(server)


def test_a_command_line_without_end(server, call):
    with server.connect() as peer:
        try:
            for _ in range(12):
                peer.send(b"a" * 1024 * 1024)
        except OSError:
            pass
        reads_to_the_end(peer.socket)
    answers(server)


@pytest.mark.parametrize("length", ["99999999999999999999", "-5", "1000000000"])
def test_oversized_length_on_sip_tcp(server, call, length):
    with connect(server.sip_port) as peer:
        here = "%s:%d" % peer.getsockname()
        peer.sendall((
            f"OPTIONS sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP {here};branch=z9hG4bKbig\r\nMax-Forwards: 70\r\n"
            f"From: <sip:big@{here}>;tag=1\r\nTo: <sip:x@127.0.0.1>\r\nCall-ID: big{here}\r\nCSeq: 1 OPTIONS\r\n"
            f"Content-Length: {length}\r\n\r\n"
        ).encode())
        reads_to_the_end(peer)
    answers(server)


def test_a_sip_header_block_without_end(server, call):
    with connect(server.sip_port) as peer:
        try:
            peer.sendall(b"OPTIONS sip:x@127.0.0.1 SIP/2.0\r\n")
            for number in range(4000):
                peer.sendall(b"X-%d: " % number + b"y" * 1000 + b"\r\n")
        except OSError:
            pass
        reads_to_the_end(peer)
    answers(server)


def test_a_sip_tcp_peer_that_never_reads(server, call):
    """It asks and asks and takes no answer; the answers fill its window and then its queue."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as peer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.connect(("127.0.0.1", server.sip_port))
        here = "%s:%d" % peer.getsockname()
        peer.settimeout(0.5)
        deadline = time.monotonic() + 4
        number = 0
        try:
            while time.monotonic() < deadline:
                number += 1
                peer.sendall((
                    f"OPTIONS sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP {here};branch=z9hG4bKdeaf{number}\r\n"
                    f"Max-Forwards: 70\r\nFrom: <sip:deaf@{here}>;tag=1\r\nTo: <sip:x@127.0.0.1>\r\n"
                    f"Call-ID: deaf{here}\r\nCSeq: {number} OPTIONS\r\nContent-Length: 0\r\n\r\n"
                ).encode())
        except OSError:
            pass
        assert number > 100
        answers(server)


def test_an_event_socket_peer_that_never_reads(server, call):
    """One deaf subscriber among others: they get every event, it loses its connection at most."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", server.event_socket_port))
        deaf.sendall(b"auth ClueCon\n\nevent plain CUSTOM deaf::test\n\n")
        with server.connect() as reader, server.connect() as writer:
            reader.command("event plain CUSTOM deaf::test")
            padding = "x" * 2000
            for number in range(3000):
                writer.command(
                    f"sendevent CUSTOM\nEvent-Subclass: deaf::test\nNumber: {number}\nPadding: {padding}"
                )
            for number in range(3000):
                assert reader.wait_for("CUSTOM")["Number"] == str(number)
    answers(server)
