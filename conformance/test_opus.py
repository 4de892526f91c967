"""Opus with a phone that is not ours: among two of them, and with a phone that has G.711 alone."""

import time

import pytest

from harness.ear import Recording, assert_tone, gaps
from harness.phone import TONES, Phone

OPUS = "opus/48000/2"


class Call:
    """One call that the server makes to the first phone and bridges to the second, until hung up."""

    def __init__(self, server, folder, codecs):
        self.phones = []
        try:
            for (user, (hertz, level)), codec in zip(TONES.items(), codecs):
                self.phones.append(
                    Phone(folder / user, user, "1234", server.sip_port, hertz, level, codec=codec)
                )
            for phone in self.phones:
                phone.registered()
            self._talk(server, folder)
            for phone in self.phones:
                phone.wait_for("CALL_CLOSED")
        finally:
            for phone in self.phones:
                phone.stop()

    def _talk(self, server, folder):
        first, second = self.phones
        self.recording = folder / "call.wav"
        with server.connect() as socket:
            socket.command("event plain CHANNEL_BRIDGE DTMF CHANNEL_HANGUP_COMPLETE")
            leg = socket.api(f"originate user/{first.user} &bridge(user/{second.user})").split()[1]
            bridged = socket.wait_for("CHANNEL_BRIDGE")
            self.codecs = (
                bridged["Channel-Read-Codec-Name"],
                socket.api(f"uuid_getvar {bridged['Bridge-B-Unique-ID']} read_codec"),
            )
            time.sleep(2.0)
            self.keys = []
            for phone in self.phones:
                phone.press("7")
                self.keys.append(socket.wait_for("DTMF")["DTMF-Digit"])
            time.sleep(0.5)
            socket.api(f"uuid_record {leg} start {self.recording}")
            time.sleep(2.0)
            socket.api(f"uuid_record {leg} stop {self.recording}")
            socket.api(f"uuid_kill {leg}")
            self.ends = [socket.wait_for("CHANNEL_HANGUP_COMPLETE")["Hangup-Cause"] for _ in self.phones]


@pytest.fixture(scope="module", params=[(OPUS, OPUS), (OPUS, "PCMU"), ("PCMU", OPUS)], ids="-".join)
def call(request, server, tmp_path_factory):
    made = Call(server, tmp_path_factory.mktemp("opus"), request.param)
    made.wanted = tuple("opus" if codec == OPUS else codec for codec in request.param)
    return made


def test_each_phone_gets_the_codec_it_has(call):
    assert call.codecs == call.wanted


def test_each_phone_hears_the_other(call):
    first, second = call.phones
    for phone, other in ((first, second), (second, first)):
        heard = Recording(phone.heard()[-1])
        assert heard.rate == phone.rate
        samples = heard.channel(0)
        assert_tone(samples, heard.rate, other.tone_hz, other.tone_dbfs, f"phone {phone.user}")
        # Both phones press a key, and sound gives way to it.
        assert gaps(samples, heard.rate, other.tone_hz) <= 700


def test_keys_pass_whatever_the_clock(call):
    assert call.keys == ["7", "7"]
    for phone in call.phones:
        keys = [event["param"] for event in phone.events if event.get("type") == "CALL_DTMF_START"]
        assert keys == ["7"], f"phone {phone.user}"


def test_the_recording_holds_both_tones_without_holes(call):
    recording = Recording(call.recording)
    for hertz, level in TONES.values():
        assert_tone(recording.channel(0), recording.rate, hertz, level, "recording")
    assert gaps(recording.channel(0), recording.rate, TONES["1001"][0]) <= 40


def test_the_call_ends_in_order(call):
    assert call.ends == ["NORMAL_CLEARING", "NORMAL_CLEARING"]
