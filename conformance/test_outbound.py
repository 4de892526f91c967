"""Programs the switch connects to, in somebody else's library, unchanged: they answer real phones, and when one dies the
call goes on as the dialplan says."""

import socket
import sys
import time
from pathlib import Path

import pytest

from harness.ports import free_port
from harness.programs import FALLBACK, Program, Programs, assert_heard, dial, extension

HERE = Path(__file__).parent
PROGRAMS = {
    "genesis": [sys.executable, str(HERE / "clients/outbound_genesis.py")],
    "greenswitch": [sys.executable, str(HERE / "clients/outbound_greenswitch.py")],
    "modesl": ["node", str(HERE / "node/outbound_modesl.js")],
}
MUSIC = [sys.executable, str(HERE / "clients/outbound_music.py")]
CALL, SYNC, ASYNC, NOBODY = "80840", "80841", "80842", "80843"


def extensions(port):
    address = f"127.0.0.1:{port}"
    return (
        extension(CALL, address, "async full")
        + extension(SYNC, address, "full", resume=True)
        + extension(ASYNC, address, "async full", resume=True)
        + extension(NOBODY, f"127.0.0.1:{free_port()}|[::1]:{free_port()}", "async")
    )


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    made = Programs(tmp_path_factory.mktemp("programs"), extensions)
    yield made
    made.server.stop()


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_a_program_answers_collects_a_digit_bridges_and_dies(programs, two_phones, name):
    server = programs.server
    caller, callee = two_phones
    program = Program([*PROGRAMS[name], str(programs.port), callee.user])
    try:
        with server.connect() as watch:
            watch.command("event plain CHANNEL_BRIDGE CHANNEL_UNBRIDGE CHANNEL_EXECUTE CHANNEL_HANGUP_COMPLETE")
            dial(caller, server, CALL)
            assert program.wait_for("connected")["number"] == CALL
            program.wait_for("played")
            caller.press("7")
            assert program.wait_for("pressed")["digit"] == "7"
            bridged = watch.wait_for("CHANNEL_BRIDGE")
            time.sleep(1.5)
            program.kill()
            # Whoever talks is not disturbed by that.
            time.sleep(1.5)
            assert server.connect().api("show calls count").strip() == "1 total."
            callee.command("hangup")
            watch.wait_for("CHANNEL_UNBRIDGE")
            played = watch.wait_for("CHANNEL_EXECUTE", Application="playback")
            assert (played["Unique-ID"], played["Application-Data"]) == (bridged["Unique-ID"], FALLBACK)
            ended = watch.wait_for("CHANNEL_HANGUP_COMPLETE", Unique_ID=bridged["Unique-ID"])
            assert ended["Hangup-Cause"] == "NORMAL_CLEARING"
        caller.wait_for("CALL_CLOSED")
        callee.wait_for("CALL_CLOSED")
        # The program's tone, the other phone's, and the one of the dialplan.
        assert_heard(caller, 850, callee.tone_hz, 700)
        assert_heard(callee, caller.tone_hz)
    finally:
        program.process.kill()


@pytest.mark.parametrize("number", [SYNC, ASYNC])
def test_a_program_dies_while_it_plays_and_the_dialplan_goes_on_at_once(programs, two_phones, number):
    server = programs.server
    caller, other = two_phones
    program = Program([*MUSIC, str(programs.port)])
    try:
        with server.connect() as watch:
            watch.command("event plain CHANNEL_EXECUTE")
            # Somebody else's call goes on beside it.
            dial(other, server, "9196")
            other.wait_for("CALL_ESTABLISHED")
            dial(caller, server, number)
            program.wait_for("plays")
            watch.wait_for("CHANNEL_EXECUTE", Application="endless_playback")
            time.sleep(1.5)
            began = time.monotonic()
            program.kill()
            watch.wait_for("CHANNEL_EXECUTE", Application="playback")
            assert time.monotonic() - began < 1.5
        caller.wait_for("CALL_CLOSED")
        assert_heard(caller, 850, 700)
        other.command("hangup")
        other.wait_for("CALL_CLOSED")
        assert_heard(other, other.tone_hz)
    finally:
        program.process.kill()


def test_nobody_is_there_and_the_dialplan_goes_on(programs, two_phones):
    caller, _ = two_phones
    dial(caller, programs.server, NOBODY)
    caller.wait_for("CALL_CLOSED", seconds=20)
    assert_heard(caller, 700)


def test_a_program_that_sends_anything_but_requests(programs, two_phones):
    """It floods, and the channel goes on; so does everybody else."""
    server = programs.server
    caller, other = two_phones
    listener = socket.create_server(("127.0.0.1", programs.port))
    try:
        dial(other, server, "9196")
        other.wait_for("CALL_ESTABLISHED")
        dial(caller, server, ASYNC)
        listener.settimeout(20)
        connection, _ = listener.accept()
        connection.settimeout(20)
        try:
            for _ in range(400):
                connection.sendall(b"\xff\x00a: " + b"x" * 65536)
            said = b"".join(iter(lambda: connection.recv(65536), b""))
            assert b"Content-Disposition: disconnect" in said, said
        except ConnectionError:
            # Closed while it still sent.
            pass
        caller.wait_for("CALL_CLOSED", seconds=20)
        assert_heard(caller, 700)
        other.command("hangup")
        other.wait_for("CALL_CLOSED")
        assert_heard(other, other.tone_hz)
        with server.connect() as console:
            assert console.api("status").startswith("UP ")
    finally:
        listener.close()
