"""Encrypted sound (SRTP, keys in the SIP) with a phone that is not ours: heard at the right pitch and level, with one that
encrypts too, with one that does not, after a hold, and refused where it must be."""

import re
import time
from contextlib import ExitStack

import pytest

from harness.ear import Recording, assert_tone, until_heard
from harness.phone import TONES, Phone
from harness.ports import free_port
from harness.server import STRICT, Server
from test_sip_over_tls import make_authority, make_pair

SUITE = "AES_CM_128_HMAC_SHA1_80"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("srtp")
    make_authority(folder, "ours")
    make_pair(folder, "server", "ours")
    port = free_port()
    lines = [
        STRICT, f'tls_listen = "127.0.0.1:{port}"', f'certificate = "{folder}/server.crt"',
        f'key = "{folder}/server.key"', f'authorities = "{folder}/ours.crt"', 'secure_media = "optional"',
    ]
    running = Server(folder / "run", profile="\n".join(lines))
    running.secure_sip_port = port
    yield running
    running.stop()


@pytest.fixture
def people(server, tmp_path):
    """Makes phones that are registered, and ends all of them."""
    with ExitStack() as end:

        def phone(user, encryption=None, tls=True):
            hertz, level = TONES[user]
            port = server.secure_sip_port if tls else server.sip_port
            transport = "tls" if tls else "udp"
            made = Phone(tmp_path / user, user, "1234", port, hertz, level, transport=transport, encryption=encryption)
            end.callback(made.stop)
            return made.registered()

        yield phone


def secure_column(events, leg):
    """What `show channels` says of a leg's sound."""
    header, *rows = events.api("show channels as delim |").splitlines()
    at = header.split("|").index("secure")
    return next(row.split("|")[at] for row in rows if row.startswith(leg))


def assert_hears(phone, hertz, level):
    recording = Recording(phone.heard()[-1])
    assert_tone(recording.channel(0), recording.rate, hertz, level, f"phone {phone.user}")


def bridge(server, phones, rules, between=lambda events, legs: None):
    """Calls both, lets them talk for two seconds, and returns what `show channels` said of both."""
    with server.connect() as events:
        events.command("event plain CHANNEL_BRIDGE CHANNEL_HANGUP_COMPLETE")
        first, second = (f"{{{rule}}}user/{phone.user}" if rule else f"user/{phone.user}"
                         for rule, phone in zip(rules, phones))
        second = second.replace("{", "[").replace("}", "]")
        leg = events.api(f"originate {first} &bridge({second})").split()[1]
        other = events.wait_for("CHANNEL_BRIDGE", seconds=30)["Bridge-B-Unique-ID"]
        between(events, (leg, other))
        time.sleep(2.0)
        said = [secure_column(events, channel) for channel in (leg, other)]
        confirmed = [events.api(f"uuid_getvar {channel} rtp_secure_media_confirmed") for channel in (leg, other)]
        assert confirmed == ["true" if column else "_undef_" for column in said]
        assert events.api(f"uuid_kill {leg}").startswith("+OK")
        for _ in phones:
            events.wait_for("CHANNEL_HANGUP_COMPLETE", seconds=30)
    for phone in phones:
        phone.wait_for("CALL_CLOSED")
    return said


def assert_both_hear(phones):
    for phone, other in zip(phones, reversed(phones)):
        assert_hears(phone, other.tone_hz, other.tone_dbfs)


def test_two_phones_with_keys_of_their_own_hear_each_other_over_tls(server, people):
    phones = [people("1001", "srtp-mand"), people("1002", "srtp-mand")]
    rules = ["rtp_secure_media=mandatory:AEAD_AES_256_GCM", f"rtp_secure_media=mandatory:{SUITE}"]

    def talk():
        said = bridge(server, phones, rules)
        assert said == ["srtp:sdes:AEAD_AES_256_GCM", f"srtp:sdes:{SUITE}"]

    until_heard(talk, lambda _: assert_both_hear(phones))
    keys = re.findall(r"inline:\S+|a=crypto", server.log())
    assert not keys, "keys are in the log"


def test_an_encrypting_phone_and_one_that_does_not(server, people):
    phones = [people("1001", "srtp-mand", tls=False), people("1002", tls=False)]

    def talk():
        # Both are offered both, as the profile says, and each takes the line it knows.
        said = bridge(server, phones, ["", ""])
        assert said[0].startswith("srtp:sdes:") and said[1] == "", said

    until_heard(talk, lambda _: assert_both_hear(phones))
    assert server.log().count("without TLS") == 1, "the warning comes once"


@pytest.mark.parametrize("encryption, protocol", [("srtp", "RTP/AVP"), ("srtp-mand", "RTP/SAVP")])
def test_a_phone_that_calls_with_a_key_hears_its_echo(server, people, encryption, protocol):
    phone = people("1001", encryption)

    def talk():
        with server.connect() as events:
            events.command("event plain CHANNEL_ANSWER CHANNEL_HANGUP_COMPLETE")
            phone.command("dial", "9196")
            leg = events.wait_for("CHANNEL_ANSWER", seconds=30)["Unique-ID"]
            offer = events.api(f"uuid_getvar {leg} switch_r_sdp")
            assert re.search(rf"m=audio \d+ {protocol} ", offer) and "a=crypto" in offer
            time.sleep(2.0)
            assert secure_column(events, leg).startswith("srtp:sdes:AE")
            events.api(f"uuid_kill {leg}")
            events.wait_for("CHANNEL_HANGUP_COMPLETE", seconds=30)
        phone.wait_for("CALL_CLOSED")

    until_heard(talk, lambda _: assert_hears(phone, phone.tone_hz, phone.tone_dbfs))


def test_sound_stays_after_hold_and_resume(server, people):
    """What the held phone says is heard by the other. Its own recorder ends with every change, also without keys: that it can
    read what it gets, it says itself."""
    held, other = people("1001", "srtp-mand"), people("1002", tls=False)

    def hold(events, legs):
        for command in f"uuid_hold {legs[0]}", f"uuid_hold off {legs[0]}":
            assert events.api(command).startswith("+OK"), command
            time.sleep(0.5)

    def talk():
        said = bridge(server, [held, other], ["rtp_secure_media=true", ""], hold)
        assert said[0].startswith("srtp:sdes:"), said
        log = held.log()
        assert log.count("SRTP is Enabled") >= 3, "an offer, and two changes"
        assert "failed to decrypt" not in log

    def listen(_):
        recording = Recording(other.heard()[-1])
        end = recording.channel(0)[-int(1.2 * recording.rate):]
        assert_tone(end, recording.rate, held.tone_hz, held.tone_dbfs, "after the hold")

    until_heard(talk, listen)


def test_what_must_be_encrypted_is_no_call_in_the_clear(server, people):
    people("1002")
    with server.connect() as events:
        answer = events.api("originate {rtp_secure_media=mandatory}user/1002 &echo()")
        assert answer == "-ERR INCOMPATIBLE_DESTINATION\n", answer
