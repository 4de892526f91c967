"""Opus with a phone that is not ours: among two of them, and with a phone that has G.711 alone."""

import pytest

from harness.bridged_call import BridgedCall
from harness.ear import Recording, assert_tone, assert_without_holes, gaps
from harness.phone import TONES

OPUS = "opus/48000/2"


@pytest.fixture(scope="module", params=[(OPUS, OPUS), (OPUS, "PCMU"), ("PCMU", OPUS)], ids="-".join)
def call(request, server, tmp_path_factory):
    made = BridgedCall(server, tmp_path_factory.mktemp("opus"), request.param)
    made.wanted = tuple("opus" if codec == OPUS else codec for codec in request.param)
    return made


def test_each_phone_gets_the_codec_it_has(call):
    assert call.bridged["Channel-Read-Codec-Name"] == call.wanted[0]
    assert tuple(told["read_codec"] for told in call.told) == call.wanted


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
    assert_without_holes(call.recording, TONES["1001"][0])


def test_the_call_ends_in_order(call):
    assert call.ends == ["NORMAL_CLEARING", "NORMAL_CLEARING"]
