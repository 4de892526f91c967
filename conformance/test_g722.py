"""G.722 with a phone that is not ours: among two of them, and with phones that have other codecs alone."""

import pytest

from harness.bridged_call import BridgedCall
from harness.ear import Recording, assert_tone, assert_without_holes, gaps
from harness.phone import TONES

# baresip names the rate of the samples; in its descriptions stands the clock of 8000.
G722 = "G722/16000"
NAMES = {G722: "G722", "PCMU": "PCMU", "opus/48000/2": "opus"}
RATES = {G722: "16000", "PCMU": "8000", "opus/48000/2": "48000"}


PAIRS = [(G722, G722), (G722, "PCMU"), ("PCMU", G722), (G722, "opus/48000/2")]


@pytest.fixture(scope="module", params=PAIRS, ids=lambda pair: "-".join(NAMES[codec] for codec in pair))
def call(request, server, tmp_path_factory):
    # Where both have a wide band, one says what a narrow one drops.
    tones = TONES if "PCMU" in request.param else {**TONES, "1001": (5000.0, -12.0)}
    made = BridgedCall(server, tmp_path_factory.mktemp("g722"), request.param, tones)
    made.wanted = request.param
    return made


def test_each_phone_gets_the_codec_it_has(call):
    assert [told["read_codec"] for told in call.told] == [NAMES[codec] for codec in call.wanted]
    assert [told["read_rate"] for told in call.told] == [RATES[codec] for codec in call.wanted]
    for told, codec in zip(call.told, call.wanted):
        if codec == G722:
            assert told["rtp_use_codec_rate"] == "8000"
            assert told["ep_codec_string"] == "mod_spandsp.G722@8000h@20i@64000b"
    assert call.bridged["Channel-Read-Codec-Name"] == NAMES[call.wanted[0]]
    assert call.bridged["Channel-Read-Codec-Rate"] == RATES[call.wanted[0]]


def test_each_phone_hears_the_other(call):
    first, second = call.phones
    for phone, other in ((first, second), (second, first)):
        heard = Recording(phone.heard()[-1])
        assert heard.rate == phone.rate
        samples = heard.channel(0)
        assert_tone(samples, heard.rate, other.tone_hz, other.tone_dbfs, f"phone {phone.user}")
        # Both phones press a key, and sound gives way to it.
        assert gaps(samples, heard.rate, other.tone_hz) <= 700


def test_keys_pass(call):
    assert call.keys == ["7", "7"]
    for phone in call.phones:
        keys = [event["param"] for event in phone.events if event.get("type") == "CALL_DTMF_START"]
        assert keys == ["7"], f"phone {phone.user}"


def test_the_recording_holds_both_tones_without_holes(call):
    recording = Recording(call.recording)
    assert str(recording.rate) == RATES[call.wanted[0]]
    for hertz, level in call.tones.values():
        assert_tone(recording.channel(0), recording.rate, hertz, level, "recording")
    assert_without_holes(call.recording, call.tones["1001"][0])


def test_the_call_ends_in_order(call):
    assert call.ends == ["NORMAL_CLEARING", "NORMAL_CLEARING"]
