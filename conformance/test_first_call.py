"""Two phones, and a program in somebody else's library that makes them talk."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from harness.ear import Recording, assert_tone, assert_without_holes, until_heard
from harness.phone import TONES

HERE = Path(__file__).parent

CLIENTS = {
    "greenswitch": [sys.executable, str(HERE / "clients/first_call.py")],
    "modesl": ["node", str(HERE / "node/first_call.js")],
}

# event-socket.md §5.3 (S1 and S2) for a call the server makes to one phone and bridges to another.
# "?" marks what depends on the phone: whether it rings before it answers.
LEG_A = [
    "CHANNEL_OUTGOING", "CHANNEL_STATE CS_INIT", "CHANNEL_CREATE", "CHANNEL_ORIGINATE",
    "CHANNEL_STATE CS_ROUTING", "CHANNEL_STATE CS_CONSUME_MEDIA",
    "?CHANNEL_PROGRESS", "?CHANNEL_CALLSTATE RINGING",
    "CHANNEL_ANSWER", "CHANNEL_CALLSTATE ACTIVE", "CHANNEL_STATE CS_EXECUTE",
    "CHANNEL_EXECUTE bridge", "CHANNEL_CALLSTATE RING_WAIT", "CHANNEL_CALLSTATE ACTIVE",
    "CHANNEL_BRIDGE", "CHANNEL_HANGUP", "CHANNEL_UNBRIDGE", "CHANNEL_EXECUTE_COMPLETE bridge",
    "CHANNEL_STATE CS_HANGUP", "CHANNEL_CALLSTATE HANGUP", "CHANNEL_STATE CS_REPORTING",
    "CHANNEL_HANGUP_COMPLETE", "CHANNEL_DESTROY", "CHANNEL_STATE CS_DESTROY",
]
LEG_B = [
    "CHANNEL_OUTGOING", "CHANNEL_STATE CS_INIT", "CHANNEL_CREATE", "CHANNEL_ORIGINATE",
    "CHANNEL_STATE CS_ROUTING", "CHANNEL_STATE CS_CONSUME_MEDIA",
    "?CHANNEL_PROGRESS", "?CHANNEL_CALLSTATE RINGING",
    "CHANNEL_ANSWER", "CHANNEL_CALLSTATE ACTIVE", "CHANNEL_STATE CS_EXCHANGE_MEDIA",
    "CHANNEL_HANGUP", "CHANNEL_STATE CS_HANGUP", "CHANNEL_CALLSTATE HANGUP",
    "CHANNEL_STATE CS_REPORTING", "CHANNEL_HANGUP_COMPLETE", "CHANNEL_DESTROY",
    "CHANNEL_STATE CS_DESTROY",
]
# What may stand anywhere in between (event-socket.md §5.3), and what this script itself causes.
ANYWHERE = {
    "CODEC", "PRESENCE_IN", "CALL_UPDATE", "DTMF", "RECORD_START", "RECORD_STOP", "MEDIA_BUG_START",
    "MEDIA_BUG_STOP",
}


class Run:
    """One run of a client script: what it said, judged afterwards."""

    def __init__(self, client, server, phones, recording):
        self.said = []
        first, second = phones
        process = subprocess.Popen(
            [*CLIENTS[client], "127.0.0.1", str(server.event_socket_port), "ClueCon",
             f"user/{first.user}", f"user/{second.user}", str(recording)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        # The script hangs when an event never comes; it must not hang us.
        watchdog = threading.Timer(60, process.kill)
        watchdog.start()
        try:
            for line in process.stdout:
                said = json.loads(line)
                self.said.append(said)
                if said.get("stage") == "bridged":
                    second.press("7")
            errors = process.stderr.read()
            status = process.wait()
        finally:
            watchdog.cancel()
        assert status == 0 and self.said[-1] == {"stage": "done"}, (
            f"the script ended with {status}: {errors}\n"
            f"seen: {[named(said['event']) if 'event' in said else said for said in self.said]}\n{server.log()}"
        )
        stage = next(said for said in self.said if said.get("stage") == "bridged")
        self.a, self.b = stage["a"], stage["b"]
        self.events = [said["event"] for said in self.said if "event" in said]

    def reply(self, start):
        for said in self.said:
            if said.get("reply", "").startswith(start):
                return said["text"].strip()
        raise AssertionError(f"no reply to {start}")

    def of_leg(self, leg):
        return [event for event in self.events if event.get("Unique-ID") == leg]

    def one(self, name, leg):
        found = [event for event in self.of_leg(leg) if event["Event-Name"] == name]
        assert len(found) == 1, f"{len(found)} {name} on {leg}"
        return found[0]

    def place(self, name, leg):
        return next(
            index for index, event in enumerate(self.events)
            if event["Event-Name"] == name and event.get("Unique-ID") == leg
        )


def named(event):
    name = event["Event-Name"]
    detail = {
        "CHANNEL_STATE": event.get("Channel-State"),
        "CHANNEL_CALLSTATE": event.get("Channel-Call-State"),
        "CHANNEL_EXECUTE": event.get("Application"),
        "CHANNEL_EXECUTE_COMPLETE": event.get("Application"),
    }.get(name)
    return f"{name} {detail}" if detail else name


def assert_order(events, expected, leg):
    seen = [named(event) for event in events if event["Event-Name"] not in ANYWHERE]
    wanted = [name.lstrip("?") for name in expected if not name.startswith("?") or name[1:] in seen]
    assert seen == wanted, f"leg {leg}:\n  seen   {seen}\n  wanted {wanted}"


@pytest.fixture(scope="module", params=sorted(CLIENTS))
def call(request, server, tmp_path_factory):
    """The whole conversation, once per client; the tests below look at different sides of it."""
    return until_heard(
        lambda: conversation(request.param, server, tmp_path_factory.mktemp(request.param)),
        lambda run: assert_without_holes(run.recording, TONES["1001"][0]),
    )


def conversation(client, server, folder):
    from harness.phone import Phone

    recording = server.recordings / f"{client}.wav"
    phones = []
    try:
        for user, (hertz, level) in TONES.items():
            phones.append(Phone(folder / user, user, "1234", server.sip_port, hertz, level))
        for phone in phones:
            phone.registered()
        run = Run(client, server, phones, recording)
        for phone in phones:
            phone.wait_for("CALL_CLOSED")
        run.client, run.phones, run.recording = client, phones, recording
    finally:
        for phone in phones:
            phone.stop()
    return run


def test_events_of_the_first_leg_come_in_order(call):
    assert_order(call.of_leg(call.a), LEG_A, "A")


def test_events_of_the_second_leg_come_in_order(call):
    assert_order(call.of_leg(call.b), LEG_B, "B")


def test_the_two_legs_wait_for_each_other(call):
    assert call.place("CHANNEL_EXECUTE", call.a) < call.place("CHANNEL_OUTGOING", call.b)
    assert call.place("CHANNEL_ANSWER", call.b) < call.place("CHANNEL_BRIDGE", call.a)
    assert call.place("CHANNEL_HANGUP", call.a) < call.place("CHANNEL_HANGUP", call.b)
    bridge = call.one("CHANNEL_BRIDGE", call.a)
    assert bridge["Bridge-A-Unique-ID"] == call.a
    assert bridge["Bridge-B-Unique-ID"] == call.b


def test_sequence_numbers_rise_and_none_is_missing(call):
    numbers = [int(event["Event-Sequence"]) for event in call.events if "Event-Sequence" in event]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_variables_are_set_and_read(call):
    assert call.reply("uuid_setvar") == "+OK"
    assert call.reply(f"uuid_getvar {call.a} mood") == "merry and bright"
    assert call.reply(f"uuid_getvar {call.a} first_call") == "yes"
    assert call.reply(f"uuid_getvar {call.a} nobody_set_this") == "_undef_"
    assert call.one("CHANNEL_ANSWER", call.a)["variable_first_call"] == "yes"
    end = call.one("CHANNEL_HANGUP_COMPLETE", call.a)
    assert end["variable_mood"] == "merry and bright"
    assert end["Hangup-Cause"] == "NORMAL_CLEARING"


def test_the_job_reports_the_channel(call):
    jobs = [event for event in call.events if event["Event-Name"] == "BACKGROUND_JOB"]
    assert len(jobs) == 1
    assert f"+OK {call.a}" in json.dumps(jobs[0])


def test_digits_reach_the_phone(call):
    first = call.phones[0]
    keys = [event["param"] for event in first.events if event.get("type") == "CALL_DTMF_START"]
    # Three from the script, and the one the other phone pressed.
    assert keys == ["4", "2", "#", "7"]


def test_a_pressed_key_is_one_event(call):
    digits = [event for event in call.of_leg(call.b) if event["Event-Name"] == "DTMF"]
    assert [event["DTMF-Digit"] for event in digits] == ["7"]
    assert digits[0]["DTMF-Source"] == "RTP"


def test_the_recording_holds_both_tones(call):
    recording = Recording(call.recording)
    (first_hz, first_db), (second_hz, second_db) = TONES["1001"], TONES["1002"]
    assert 2.5 <= recording.seconds <= 4.0
    if call.client == "modesl":
        # RECORD_STEREO: what the channel's own phone says on the left, what it hears on the right.
        assert recording.channels == 2
        sides = [(0, first_hz, first_db), (1, second_hz, second_db)]
    else:
        assert recording.channels == 1
        sides = [(0, first_hz, first_db), (0, second_hz, second_db)]
    for side, hertz, level in sides:
        assert_tone(recording.channel(side), recording.rate, hertz, level, f"recording, side {side}")


def test_each_phone_hears_the_other(call):
    first, second = call.phones
    for phone, other in ((first, second), (second, first)):
        heard = Recording(phone.heard()[-1])
        assert_tone(heard.channel(0), heard.rate, other.tone_hz, other.tone_dbfs, f"phone {phone.user}")


def test_audio_has_no_holes_while_recorded(call):
    assert_without_holes(call.recording, TONES["1001"][0])
