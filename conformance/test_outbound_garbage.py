"""A program that controls a call synchronously and, while an application runs, sends what is no request: it costs the program its
connection and nobody a call."""

import random
import socket

import pytest

from harness.caller import Caller
from harness.programs import Programs, dial, extension
from harness.phone import Phone

SYNC = "80841"
PROMPT_HZ, SECOND_HZ, FALLBACK_HZ, ECHOED_HZ = 850.0, 1100.0, 700.0, 600.0

# Bytes that hold no end of a request, whatever is read into them.
NOISE = bytes(byte for byte in random.Random(20).randbytes(200_000) if byte not in b"\r\n\0")

# What is sent, and what the log says of it; nothing where more could make a request of it, until the program is gone.
GARBAGE = {
    "noise": (NOISE + b"\n\n\0\0\0\0\n\n", "request without a command line"),
    "zeros": (b"\0" * 5000 + b"\n\n", "request without a command line"),
    "an endless line": (b"sendmsg " + b"x" * (11 << 20), "header block too large"),
    "too many lines": (b"sendmsg\n" + b"a: b\n" * 5000 + b"\n", "header block too large"),
    "a length below nothing": (b"sendmsg\nContent-Length: -1\n\n", "content length out of range"),
    "a length beyond all": (b"api\nContent-Length: 99999999999999999999\n\n", "content length out of range"),
    "half a frame": (b"sendmsg\ncall-command: exe", None),
    "half a body": (b"sendmsg\ncall-command: execute\nContent-Length: 5000\n\nexecute", None),
}


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    made = Programs(
        tmp_path_factory.mktemp("programs"),
        lambda port: extension(SYNC, f"127.0.0.1:{port}", "full", resume=True),
    )
    yield made
    made.server.stop()


@pytest.fixture
def other(programs, tmp_path):
    """Somebody else, whose call goes on whatever the program does: it hears itself."""
    phone = Phone(tmp_path / "1001", "1001", "1234", programs.server.sip_port, ECHOED_HZ, -12.0)
    try:
        phone.registered()
        dial(phone, programs.server, "9196")
        phone.wait_for("CALL_ESTABLISHED")
        yield phone
    finally:
        phone.stop()


class Controller:
    """A program on a bare socket that has a call."""

    def __init__(self, listener):
        self.socket, _ = listener.accept()
        self.socket.settimeout(30)
        self._pending = b""
        self.send(b"connect\n\n")
        assert b"Socket-Mode: static" in self.frame()

    def send(self, data):
        self.socket.sendall(data)

    def execute(self, name, argument):
        self.send(f"sendmsg\ncall-command: execute\nexecute-app-name: {name}\nexecute-app-arg: {argument}\n\n".encode())

    def frame(self):
        """A frame without a body, which is all that a synchronous program gets."""
        while b"\n\n" not in self._pending:
            more = self.socket.recv(65536)
            assert more, f"closed after {self._pending!r}"
            self._pending += more
        frame, self._pending = self._pending.split(b"\n\n", 1)
        return frame

    def close(self):
        self.socket.close()


@pytest.fixture
def listener(programs):
    with socket.create_server(("127.0.0.1", programs.port)) as listener:
        listener.settimeout(30)
        yield listener


def counted(server, cause):
    return server.counted("jackfield_connections_total", door="event_socket", cause=cause)


def everybody_else_goes_on(server, other):
    with server.connect() as console:
        assert console.api("status").startswith("UP ")
        assert other.user in console.api("show channels"), "the other call is still there"


@pytest.mark.parametrize("kind", sorted(GARBAGE))
def test_what_is_no_request_while_an_application_runs(programs, other, listener, tmp_path, kind):
    server = programs.server
    sent, reason = GARBAGE[kind]
    before = counted(server, "malformed"), counted(server, "dialled")
    caller = Caller(server, tmp_path / "sipp", SYNC, presses=False)
    try:
        with server.connect() as watch:
            watch.command("event plain CHANNEL_EXECUTE CHANNEL_HANGUP_COMPLETE")
            program = Controller(listener)
            program.execute("answer", "")
            assert program.frame().endswith(b"+OK")
            program.execute("endless_playback", "tone_stream://%(1000,0,850)")
            playing = watch.wait_for("CHANNEL_EXECUTE", Application="endless_playback")
            mark = caller.audio.mark()
            caller.hears(PROMPT_HZ, mark)
            try:
                program.send(sent)
            except ConnectionError:
                # The server has closed before it had all of that.
                pass
            if not reason:
                # The call goes on until then.
                mark = caller.audio.mark()
                caller.hears(PROMPT_HZ, mark)
                program.close()
            fallback = watch.wait_for("CHANNEL_EXECUTE", Application="playback")
            assert fallback["Unique-ID"] == playing["Unique-ID"]
            mark = caller.audio.mark()
            caller.hears(FALLBACK_HZ, mark)
            everybody_else_goes_on(server, other)
            ended = watch.wait_for("CHANNEL_HANGUP_COMPLETE", Unique_ID=playing["Unique-ID"])
            assert ended["Hangup-Cause"] == "NORMAL_CLEARING"
        caller.sipp.finish()
        program.close()
        after = counted(server, "malformed"), counted(server, "dialled")
        assert after == (before[0] + bool(reason), before[1] + 1)
        if reason:
            lines = [line for line in server.log().splitlines() if "A client sends what cannot be read" in line]
            assert lines and reason in lines[-1] and playing["Unique-ID"] in lines[-1], lines
    finally:
        caller.stop()


def test_requests_that_nobody_knows_while_an_application_runs(programs, other, listener, tmp_path):
    """They are answered afterwards, in their order, and the program still has the call."""
    server = programs.server
    caller = Caller(server, tmp_path / "sipp", SYNC, presses=False)
    try:
        program = Controller(listener)
        program.execute("answer", "")
        program.frame()
        program.execute("playback", "tone_stream://%(1500,0,850)")
        # The last of them has a length that is too short: what is beyond it is a request of its own.
        program.send(b"jump\n\n" * 500 + b"\xff\xfe\xfd GET / HTTP/1.1\r\n\r\n" + b"linger now\nContent-Length: 3\n\nabcdef\n\n")
        program.execute("endless_playback", "tone_stream://%(1000,0,1100)")
        mark = caller.audio.mark()
        caller.hears(PROMPT_HZ, mark)
        assert program.frame().endswith(b"+OK")
        for _ in range(501):
            assert program.frame().endswith(b"-ERR command not found")
        assert b"+OK" in program.frame()
        assert program.frame().endswith(b"-ERR command not found")
        mark = caller.audio.mark()
        caller.hears(SECOND_HZ, mark)
        program.close()
        mark = caller.audio.mark()
        caller.hears(FALLBACK_HZ, mark)
        everybody_else_goes_on(server, other)
        caller.sipp.finish()
    finally:
        caller.stop()
