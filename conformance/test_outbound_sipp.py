"""Programs for calls that come in, in somebody else's library, unchanged, and a caller that is SIPp: it hears the prompt, presses
a key, talks to a telephone; the program is killed, and the dialplan carries the call on."""

import sys
from pathlib import Path

import pytest

from harness.caller import Caller
from harness.phone import Phone
from harness.programs import FALLBACK, Program, Programs, assert_heard, extension

HERE = Path(__file__).parent
PROGRAMS = {name: [sys.executable, str(HERE / f"clients/outbound_{name}.py")] for name in ("genesis", "greenswitch")}
CALL, RESUMED = "80840", "80841"
PROMPT_HZ, PHONE_HZ, FALLBACK_HZ = 850.0, 1000.0, 700.0


def extensions(port):
    address = f"127.0.0.1:{port}"
    return extension(CALL, address, "async full") + extension(RESUMED, address, "async full", resume=True)


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    made = Programs(tmp_path_factory.mktemp("programs"), extensions)
    yield made
    made.server.stop()


@pytest.fixture
def callee(programs, tmp_path):
    phone = Phone(tmp_path / "1002", "1002", "1234", programs.server.sip_port, PHONE_HZ, -15.0)
    try:
        yield phone.registered()
    finally:
        phone.stop()


@pytest.mark.parametrize("by_info", [False, True], ids=["telephone-event", "info"])
@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_a_menu_for_sipp_collects_a_digit_bridges_and_dies(programs, callee, tmp_path, name, by_info):
    server = programs.server
    program = Program([*PROGRAMS[name], str(programs.port), callee.user])
    caller = None
    try:
        with server.connect() as watch:
            watch.command("event plain CHANNEL_BRIDGE CHANNEL_UNBRIDGE CHANNEL_EXECUTE CHANNEL_HANGUP_COMPLETE DTMF")
            caller = Caller(server, tmp_path / "sipp", CALL)
            assert program.wait_for("connected")["number"] == CALL
            start = caller.audio.mark()
            far = caller.sipp.answered()
            caller.hears(PROMPT_HZ, start)
            program.wait_for("played")
            watch.wait_for("CHANNEL_EXECUTE", Application="play_and_get_digits")
            caller.sipp.press("7", by_info)
            digit = watch.wait_for("DTMF")
            assert (digit["DTMF-Digit"], digit["DTMF-Source"]) == ("7", "ENDPOINT" if by_info else "RTP")
            assert program.wait_for("pressed")["digit"] == "7"
            caller.audio.talk_to(far)
            bridged = watch.wait_for("CHANNEL_BRIDGE")
            talk = caller.audio.mark()
            caller.hears(PHONE_HZ, talk)
            program.kill()
            # Whoever talks is not disturbed by that.
            orphaned = caller.audio.mark()
            caller.hears(PHONE_HZ, orphaned)
            assert server.connect().api("show calls count").strip() == "1 total."
            callee.command("hangup")
            watch.wait_for("CHANNEL_UNBRIDGE")
            played = watch.wait_for("CHANNEL_EXECUTE", Application="playback")
            assert (played["Unique-ID"], played["Application-Data"]) == (bridged["Unique-ID"], FALLBACK)
            alone = caller.audio.mark()
            caller.hears(FALLBACK_HZ, alone)
            ended = watch.wait_for("CHANNEL_HANGUP_COMPLETE", Unique_ID=bridged["Unique-ID"])
            assert ended["Hangup-Cause"] == "NORMAL_CLEARING"
        caller.sipp.finish()
        callee.wait_for("CALL_CLOSED")
        assert_heard(callee, caller.audio.hertz)
    finally:
        program.process.kill()
        if caller:
            caller.stop()


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_a_menu_for_sipp_dies_while_it_asks_and_the_dialplan_answers(programs, callee, tmp_path, name):
    server = programs.server
    program = Program([*PROGRAMS[name], str(programs.port), callee.user])
    caller = None
    try:
        with server.connect() as watch:
            watch.command("event plain CHANNEL_EXECUTE CHANNEL_HANGUP_COMPLETE")
            caller = Caller(server, tmp_path / "sipp", RESUMED, presses=False)
            program.wait_for("connected")
            start = caller.audio.mark()
            caller.hears(PROMPT_HZ, start)
            program.wait_for("played")
            asking = watch.wait_for("CHANNEL_EXECUTE", Application="play_and_get_digits")
            program.kill()
            played = watch.wait_for("CHANNEL_EXECUTE", Application="playback", Unique_ID=asking["Unique-ID"])
            assert played["Application-Data"] == FALLBACK
            alone = caller.audio.mark()
            caller.hears(FALLBACK_HZ, alone)
            ended = watch.wait_for("CHANNEL_HANGUP_COMPLETE", Unique_ID=asking["Unique-ID"])
            assert ended["Hangup-Cause"] == "NORMAL_CLEARING"
        caller.sipp.finish()
    finally:
        program.process.kill()
        if caller:
            caller.stop()
