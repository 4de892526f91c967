"""SIPp as registrar client and as caller: over UDP and TCP, with digest."""

import time

import pytest

from harness.ear import assert_tone
from harness.gateway_client import GatewayClient
from harness.phone import Phone
from harness.rtp import RtpEnd
from harness.sipp import Sipp


@pytest.mark.parametrize("transport", ["u1", "t1"])
def test_register_with_digest(server, tmp_path, transport):
    with server.connect() as watch:
        watch.command("event plain CUSTOM sofia::register sofia::unregister")
        sipp = Sipp(server, "register", tmp_path, transport=transport)
        event = watch.wait_for("CUSTOM", Event_Subclass="sofia::register")
        assert event["from-user"] == "1003"
        assert event["username"] == "1003"
        registrations = watch.api("show registrations")
        assert "1003," in registrations and "1 total." in registrations, registrations
        assert watch.wait_for("CUSTOM", Event_Subclass="sofia::unregister")["from-user"] == "1003"
        sipp.finish()
        assert "0 total." in watch.api("show registrations")


def test_register_with_a_wrong_password_leaves_no_binding(server, tmp_path):
    with server.connect() as watch:
        Sipp(server, "register_wrong_password", tmp_path, password="not-it").finish()
        assert "0 total." in watch.api("show registrations")


@pytest.mark.parametrize("transport", ["u1", "t1"])
def test_call_to_echo_returns_the_audio(server, tmp_path, transport):
    end = RtpEnd()
    try:
        sipp = Sipp(server, "uac", tmp_path, callee="9196", audio_port=end.port, transport=transport)
        end.talk_to(sipp.far_audio_port())
        sipp.finish()
    finally:
        end.stop()
    heard = end.heard()
    assert len(heard) / 8000 > 2.0, f"{len(end.received)} packets came back of {end.sent}"
    assert_tone(heard, 8000, end.hertz, end.level_dbfs, "echo")


def test_call_to_the_tone_plays_it(server, tmp_path):
    end = RtpEnd()
    try:
        sipp = Sipp(server, "uac", tmp_path, callee="9197", audio_port=end.port)
        end.talk_to(sipp.far_audio_port())
        sipp.finish()
    finally:
        end.stop()
    heard = end.heard()
    assert len(heard) / 8000 > 2.0
    from harness.ear import tone_near

    hertz, level = tone_near(heard, 8000, 1004.0)
    assert abs(hertz - 1004.0) <= 10.04, f"{hertz} Hz"
    assert -30.0 < level < 0.0, f"{level} dBFS"


def test_call_to_park_stays_until_the_caller_leaves(server, tmp_path):
    end = RtpEnd()
    try:
        with server.connect() as watch:
            watch.command("event plain CHANNEL_PARK CHANNEL_UNPARK CHANNEL_HANGUP_COMPLETE")
            sipp = Sipp(server, "uac", tmp_path, callee="5000", talk_ms=1500, audio_port=end.port)
            parked = watch.wait_for("CHANNEL_PARK")
            assert "1 total." in watch.api("show channels")
            ended = watch.wait_for("CHANNEL_HANGUP_COMPLETE", Unique_ID=parked["Unique-ID"])
            assert ended["Hangup-Cause"] == "NORMAL_CLEARING"
            assert ended["variable_sip_hangup_disposition"] == "recv_bye"
            sipp.finish()
            assert "0 total." in watch.api("show channels")
    finally:
        end.stop()


def test_many_calls_leave_nothing_behind(server, tmp_path):
    Sipp(server, "uac", tmp_path, callee="9196", talk_ms=200, calls=200, rate=50, audio_port=9).finish()
    with server.connect() as watch:
        deadline = time.monotonic() + 5
        while "0 total." not in watch.api("show channels") and time.monotonic() < deadline:
            time.sleep(0.1)
        assert "0 total." in watch.api("show channels")


def test_a_caller_who_gives_up_stops_the_ringing(server, tmp_path):
    folder = tmp_path / "sipp"
    folder.mkdir()
    phone = Phone(tmp_path / "phone", "1004", "1234", server.sip_port, 600.0, -12.0, answers=False)
    try:
        phone.registered()
        with server.connect() as watch:
            watch.command("event plain CHANNEL_HANGUP_COMPLETE")
            sipp = Sipp(server, "cancel", folder, callee="1004", audio_port=9)
            phone.wait_for("CALL_INCOMING")
            phone.wait_for("CALL_CLOSED")
            sipp.finish()
            causes = {watch.wait_for("CHANNEL_HANGUP_COMPLETE")["Hangup-Cause"] for _ in range(2)}
            assert causes == {"ORIGINATOR_CANCEL"}
    finally:
        phone.stop()


def test_a_message_of_a_phone_waits_for_a_page_that_is_away(server, tmp_path):
    account = "1005@127.0.0.1"
    page = GatewayClient(server)
    page.add(account, "1234")
    assert page.register(account)[0] == ["registering", "registered"]
    page.ask("account-remove", account=account)
    page.close()
    Sipp(server, "message", tmp_path, callee="1005").finish()
    page = GatewayClient(server)
    page.add(account, "1234")
    page.register(account)
    page.ask("account-sync-conversations", account=account)
    entries = page.wait_for("sync-conversations")["messages"]
    assert [(entry["contact"], entry["content"].strip()) for entry in entries] == [("1003@127.0.0.1", "Call me back")]
    page.ask("account-remove", account=account)
    page.close()
