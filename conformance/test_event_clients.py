"""Libraries others wrote for the event socket, unchanged, taken through what they can do: inbound, where a program logs in
and makes a phone ring, and outbound, where the switch hands it a call."""

from pathlib import Path

import pytest

from harness.programs import Program, Programs, assert_heard, dial, extension

HERE = Path(__file__).parent
RUST = HERE.parent / "target/conformance/rust/debug"

INBOUND = {
    "esl": ["node", str(HERE / "node/inbound_esl.js")],
    "esl-lite": ["node", str(HERE / "node/inbound_esl_lite.js")],
    "freeswitch-esl": [str(RUST / "inbound_freeswitch_esl")],
    "freeswitch-esl-tokio": [str(RUST / "inbound_freeswitch_esl_tokio")],
}
OUTBOUND = {
    "esl": ["node", str(HERE / "node/outbound_esl.js")],
    "freeswitch-esl": [str(RUST / "outbound_freeswitch_esl")],
    "freeswitch-esl-tokio": [str(RUST / "outbound_freeswitch_esl_tokio")],
}
# It passes no events on to programs, and tells them neither numbers nor causes.
WITHOUT_EVENTS = "freeswitch-esl"
# Calls last as long as the switch says, whatever else the machine has to do.
PATIENCE = 60
NUMBER = "80850"


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    made = Programs(
        tmp_path_factory.mktemp("programs"),
        lambda port: extension(NUMBER, f"127.0.0.1:{port}", "async full"),
    )
    yield made
    made.server.stop()


@pytest.mark.parametrize("name", sorted(INBOUND))
def test_a_program_logs_in_and_controls_a_call(programs, two_phones, name):
    server = programs.server
    phone, _ = two_phones
    with server.connect() as watch:
        watch.command("event plain CHANNEL_HANGUP_COMPLETE PLAYBACK_START")
        program = Program([*INBOUND[name], str(server.event_socket_port), "ClueCon", phone.user], listens=False)
        try:
            assert program.wait_for("refused", PATIENCE)["text"] == "-ERR invalid"
            assert "FreeSWITCH" in program.wait_for("status", PATIENCE)["text"]
            assert program.wait_for("failed", PATIENCE)["text"].startswith("-ERR No such channel!")
            if name == WITHOUT_EVENTS:
                uuid = program.wait_for("job", PATIENCE)["text"].removeprefix("+OK ").strip()
            else:
                playing = watch.wait_for("PLAYBACK_START", seconds=PATIENCE)
                uuid = playing["Unique-ID"]
                phone.press("7")
                assert program.wait_for("job", PATIENCE)["text"].strip() == f"+OK {uuid}"
                assert program.wait_for("answered", PATIENCE)["same"]
                assert program.wait_for("played", PATIENCE)["text"].startswith("tone_stream://")
                assert program.wait_for("pressed", PATIENCE)["digit"] == "7"
                assert program.wait_for("ended", PATIENCE)["cause"] == "USER_BUSY"
            ended = watch.wait_for("CHANNEL_HANGUP_COMPLETE", seconds=PATIENCE, Unique_ID=uuid)
            assert ended["Hangup-Cause"] == "USER_BUSY"
            program.ended(PATIENCE)
        finally:
            program.process.kill()
    phone.wait_for("CALL_CLOSED", seconds=PATIENCE)
    assert_heard(phone, 850)


@pytest.mark.parametrize("name", sorted(OUTBOUND))
def test_a_program_answers_plays_collects_a_digit_and_hangs_up(programs, two_phones, name):
    server = programs.server
    caller, _ = two_phones
    program = Program([*OUTBOUND[name], str(programs.port)])
    try:
        with server.connect() as watch:
            watch.command("event plain CHANNEL_HANGUP_COMPLETE CHANNEL_PARK")
            dial(caller, server, NUMBER)
            connected = program.wait_for("connected", PATIENCE)
            parked = watch.wait_for("CHANNEL_PARK", seconds=PATIENCE)
            if name == WITHOUT_EVENTS:
                assert connected["uuid"] == parked["Unique-ID"]
            else:
                assert connected["number"] == NUMBER
            program.wait_for("played", PATIENCE)
            caller.press("7")
            assert program.wait_for("pressed", PATIENCE)["digit"] == "7"
            if name != WITHOUT_EVENTS:
                assert program.wait_for("ended", PATIENCE)["cause"] == "USER_BUSY"
            ended = watch.wait_for("CHANNEL_HANGUP_COMPLETE", seconds=PATIENCE, Unique_ID=parked["Unique-ID"])
            assert ended["Hangup-Cause"] == "USER_BUSY"
        caller.wait_for("CALL_CLOSED", seconds=PATIENCE)
        assert_heard(caller, 850)
    finally:
        program.process.kill()
