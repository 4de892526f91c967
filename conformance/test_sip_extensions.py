"""Reliable provisional responses (RFC 3262), UPDATE (RFC 3311), session timers (RFC 4028) and what a caller tells of itself
(RFC 3325, 5806, 7044), with SIPp in both roles."""

import re
import shutil
import socket
import time
import uuid
from pathlib import Path

import pytest

from harness.ear import assert_tone
from harness.forgetful_network import ForgetfulNetwork
from harness.rtp import RtpEnd
from harness.server import Server
from harness.sipp import Sipp

CONFIG = Path(__file__).resolve().parents[1] / "config"
NUMBERS = """
    <extension name="not answered">
      <condition field="destination_number" expression="^5030$">
        <action application="park"/>
      </condition>
    </extension>
    <extension name="answered at once">
      <condition field="destination_number" expression="^5031$">
        <action application="pre_answer"/>
        <action application="answer"/>
        <action application="echo"/>
      </condition>
    </extension>

    <!-- 7300 to 7699"""
PROFILE = """auth_calls = false
context = "default"
enable_100rel = true
"""
TIMED = """auth_calls = false
session_timeout = "4s"
minimum_session_expires = "3s"
"""
UPDATES = "INVITE, ACK, BYE, CANCEL, UPDATE"
EVENTS = "event plain CHANNEL_PARK CHANNEL_ANSWER CHANNEL_HANGUP_COMPLETE"


@pytest.fixture(scope="module")
def extended(tmp_path_factory):
    """With reliable responses, and two numbers more."""
    folder = tmp_path_factory.mktemp("server")
    shutil.copytree(CONFIG, folder / "xml")
    dialplan = folder / "xml/dialplan/default.xml"
    text = dialplan.read_text()
    assert text.count("    <!-- 7300 to 7699") == 1
    dialplan.write_text(text.replace("    <!-- 7300 to 7699", NUMBERS))
    running = Server(folder / "run", profile=PROFILE, xml_root=folder / "xml/freeswitch.xml")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def timed(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("timed") / "run", profile=TIMED)
    yield running
    running.stop()


@pytest.fixture
def link(extended):
    with extended.connect() as link:
        link.command(EVENTS)
        yield link


@pytest.fixture
def timed_link(timed):
    with timed.connect() as link:
        link.command(EVENTS)
        yield link


def called(extended, link, folder, *more, scenario="timer_callee"):
    """A SIPp that is called and parked; it and the channel's id."""
    sipp = Sipp(extended, scenario, folder, more=more).listening()
    leg = str(uuid.uuid4())
    link.api(f"bgapi originate {{origination_uuid={leg}}}sofia/internal/1009@127.0.0.1:{sipp.port} &park()")
    return sipp, leg


def ended(link, leg):
    return link.wait_for("CHANNEL_HANGUP_COMPLETE", Unique_ID=leg)


def test_an_early_description_is_sent_until_it_is_acknowledged(extended, link, tmp_path):
    sipp = Sipp(extended, "reliable_caller", tmp_path, callee="5030")
    leg = link.wait_for("CHANNEL_PARK")["Unique-ID"]
    told = {name: link.api(f"uuid_getvar {leg} {name}") for name in (
        "sip_P-Asserted-Identity", "sip_Privacy", "sip_cid_type", "sip_h_Diversion", "sip_history_info")}
    assert told == {
        "sip_P-Asserted-Identity": '"Carol" <sip:5550100@example.org>',
        "sip_Privacy": "id",
        "sip_cid_type": "pid",
        "sip_h_Diversion": "<sip:5550199@example.org>;reason=unconditional",
        "sip_history_info": "<sip:first@example.org>;index=1, <sip:second@example.org>;index=1.1",
    }
    assert link.api(f"uuid_pre_answer {leg}").startswith("+OK")
    sipp.logged("UPDATED (a=recvonly)")
    trace = sipp.messages.read_text(errors="replace")
    numbers = re.findall(r"^SIP/2.0 183 (?:.*\n)*?RSeq: (\d+)", trace.replace("\r\n", "\n"), re.M)
    assert len(numbers) == 3 and len(set(numbers)) == 1, numbers
    # The caller has put itself on hold before it was answered.
    assert link.api(f"uuid_getvar {leg} audio_media_flow") == "recvonly"
    assert link.api(f"uuid_answer {leg}").startswith("+OK")
    assert ended(link, leg)["Hangup-Cause"] == "NORMAL_CLEARING"
    sipp.finish()


def test_an_offer_of_ours_comes_early_and_the_200_waits_for_the_answer_to_it(extended, link, tmp_path):
    end = RtpEnd()
    try:
        # The call is answered in the moment its early media begins.
        sipp = Sipp(extended, "late_offer_caller", tmp_path, callee="5031", audio_port=end.port)
        end.talk_to(sipp.far_audio_port())
        leg = link.wait_for("CHANNEL_ANSWER")["Unique-ID"]
        deadline = time.monotonic() + 20
        while len(end.heard()) < 2 * 8000 and time.monotonic() < deadline:
            time.sleep(0.05)
        link.api(f"uuid_kill {leg}")
        sipp.finish()
    finally:
        end.stop()
    assert_tone(end.heard(), 8000, end.hertz, end.level_dbfs, "echo")


def test_everything_may_be_lost_once(extended, link, tmp_path):
    # SIPp takes the first 200 for the one of its PRACK.
    network = ForgetfulNetwork(extended, spares=rb"^SIP/2.0 200 [^\0]*CSeq: 2 PRACK")
    try:
        sipp = Sipp(network, "late_offer_caller", tmp_path, callee="5031", audio_port=9)
        leg = link.wait_for("CHANNEL_ANSWER")["Unique-ID"]
        sipp.received("^SIP/2.0 200 [^\n]*\n(.*\n)*CSeq: 1 INVITE")
        link.api(f"uuid_kill {leg}")
        assert ended(link, leg)["Hangup-Cause"] == "NORMAL_CLEARING"
        sipp.finish()
    finally:
        network.stop()
    kinds = {line.split(" sip:")[0] for line in network.lost}
    assert kinds >= {"INVITE", "SIP/2.0 183 Session Progress", "PRACK", "SIP/2.0 200 OK", "ACK"}, network.lost


def test_a_phone_is_acknowledged_and_changes_the_call_before_it_answers(extended, link, tmp_path):
    sipp, leg = called(extended, link, tmp_path, scenario="reliable_callee")
    sipp.logged("UPDATED (a=recvonly)")
    link.wait_for("CHANNEL_PARK", Unique_ID=leg)
    link.api(f"uuid_kill {leg}")
    sipp.finish()


@pytest.mark.parametrize("methods, refresh", [(UPDATES, "UPDATE"), ("INVITE, ACK, BYE, CANCEL", "INVITE")])
def test_a_call_is_refreshed_as_the_phone_can(timed, timed_link, tmp_path, methods, refresh):
    sipp, leg = called(timed, timed_link, tmp_path, "-key", "methods", methods, "-key", "expires", "3;refresher=uac")
    timed_link.wait_for("CHANNEL_PARK", Unique_ID=leg)
    first = sipp.received(rf"^{refresh} [^\n]*\n(.*\n)*Session-Expires: 3;refresher=uac")
    number = int(re.search(r"CSeq: (\d+)", first)[1])
    assert ("m=audio" in first) == (refresh == "INVITE")
    sipp.received(rf"^CSeq: {number + 1} {refresh}")
    # It has lasted longer than without a refresh.
    assert timed_link.api(f"uuid_exists {leg}") == "true"
    timed_link.api(f"uuid_kill {leg}")
    sipp.finish()


def test_a_call_that_the_phone_does_not_refresh_ends(timed, timed_link, tmp_path):
    sipp, leg = called(timed, timed_link, tmp_path, "-key", "methods", UPDATES, "-key", "expires", "3;refresher=uas")
    timed_link.wait_for("CHANNEL_PARK", Unique_ID=leg)
    complete = ended(timed_link, leg)
    assert complete["Hangup-Cause"] == "RECOVERY_ON_TIMER_EXPIRE"
    assert complete["variable_sip_hangup_disposition"] == "send_bye"
    assert "Reason: SIP;cause=408" in sipp.received("^BYE ")
    sipp.finish()


def test_a_caller_hears_what_is_too_short_and_is_refreshed(timed, timed_link, tmp_path):
    sipp = Sipp(timed, "timer_caller", tmp_path, callee="5000")
    leg = timed_link.wait_for("CHANNEL_PARK")["Unique-ID"]
    timed_link.api(f"uuid_answer {leg}")
    assert sipp.logged("EXPIRES (.*)") == "3;refresher=uas"
    sipp.received("^UPDATE ")
    timed_link.api(f"uuid_kill {leg}")
    sipp.finish()


def test_a_phone_that_takes_update_is_told_by_it_whom_to_show(timed, timed_link, tmp_path):
    sipp, leg = called(timed, timed_link, tmp_path, "-key", "methods", UPDATES, "-key", "expires", "600;refresher=uac")
    timed_link.wait_for("CHANNEL_PARK", Unique_ID=leg)
    assert timed_link.api(f"uuid_display {leg} Bob Bell|5556789") == "+OK Success\n"
    shown = sipp.received(r"^UPDATE [^\n]*\n(.*\n)*P-Asserted-Identity")
    assert '"Bob Bell" <sip:5556789@127.0.0.1>' in shown and "m=audio" not in shown
    timed_link.api(f"uuid_kill {leg}")
    sipp.finish()


def asked(server, method, *headers):
    """The final answer to one request outside a call."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.bind(("127.0.0.1", 0))
        phone.settimeout(10)
        port, key = phone.getsockname()[1], uuid.uuid4().hex
        lines = [
            f"{method} sip:5000@127.0.0.1 SIP/2.0", f"Via: SIP/2.0/UDP 127.0.0.1:{port};rport;branch=z9hG4bK{key}",
            f"From: <sip:x@127.0.0.1>;tag={key}", "To: <sip:5000@127.0.0.1>", f"Call-ID: {key}", f"CSeq: 1 {method}",
            f"Contact: <sip:x@127.0.0.1:{port}>", "Content-Length: 0", *headers,
        ]
        phone.sendto("\r\n".join([*lines, "", ""]).encode(), ("127.0.0.1", server.sip_port))
        while True:
            answer = phone.recv(65535).decode()
            if not answer.startswith("SIP/2.0 1"):
                return answer


def test_what_is_not_served_is_named(server, extended):
    refused = asked(server, "INVITE", "Max-Forwards: 70", "Require: 100rel, precondition, timer")
    assert refused.startswith("SIP/2.0 420 ") and "Unsupported: 100rel, precondition\r\n" in refused
    refused = asked(extended, "INVITE", "Max-Forwards: 70", "Require: 100rel, precondition, timer")
    assert refused.startswith("SIP/2.0 420 ") and "Unsupported: precondition\r\n" in refused
    assert asked(extended, "INVITE", "Max-Forwards: 0").startswith("SIP/2.0 483 ")
    able = asked(extended, "OPTIONS", "Max-Forwards: 70")
    assert "Supported: 100rel, timer, path, replaces\r\n" in able
    assert re.search(r"^Allow: .*PRACK.*UPDATE", able, re.M) and "Accept: application/sdp\r\n" in able
    assert "100rel" not in asked(server, "OPTIONS", "Max-Forwards: 70")


def test_calls_beyond_the_limit_are_sent_away_for_a_while(tmp_path):
    full = Server(tmp_path / "run", profile="auth_calls = false", limits="max_sessions = 1\nsessions_per_second = 1000")
    try:
        with full.connect() as link:
            assert link.api("originate null/x &park()").startswith("+OK")
            refused = asked(full, "INVITE", "Max-Forwards: 70")
            assert refused.startswith("SIP/2.0 503 ") and "Retry-After: 5\r\n" in refused
    finally:
        full.stop()
