"""Lamps of phones that subscribe to them: SIPp line by line, and baresip."""

import time

import pytest

from harness.bare_phone import BarePhone
from harness.phone import Phone
from harness.sipp import Sipp

MESSAGE = {"MWI-Messages-Waiting": "yes", "MWI-Voice-Message": "2/1 (1/0)"}


def fire(socket, user, **more):
    headers = MESSAGE | {"MWI-Message-Account": f"{user}@127.0.0.1"} | more
    lines = "".join(f"\n{name}: {value}" for name, value in headers.items())
    assert socket.command("sendevent MESSAGE_WAITING" + lines).reply.startswith("+OK")


@pytest.mark.parametrize("transport", ["u1", "t1"])
def test_a_subscription_from_its_beginning_to_its_end(server, tmp_path, transport):
    sipp = Sipp(server, "lamp", tmp_path, user="1003", transport=transport)
    call_id = sipp.logged(r"SUBSCRIBED (\S+)\n")
    with server.connect() as socket:
        # Another user's, and another subscription's, say nothing to it.
        fire(socket, "1004", **{"MWI-Voice-Message": "9/9 (0/0)"})
        fire(socket, "1003", **{"MWI-Voice-Message": "9/9 (0/0)", "sub-call-id": "somebody-else"})
        fire(socket, "1003", **{"sub-call-id": call_id})
    sipp.finish()


def test_who_is_somebody_else_may_not_subscribe(server, tmp_path):
    Sipp(server, "lamp_of_another", tmp_path, user="1003", callee="1004").finish()


def test_baresip_subscribes_and_its_lamp_goes_on_and_off(server, tmp_path):
    phone = Phone(tmp_path / "1001", "1001", "1234", server.sip_port, 600.0, -12.0, subscribes=True)
    other = BarePhone(server, "1001")
    try:
        phone.registered()
        other.register()
        assert "Messages-Waiting: no" in phone.subscribed()
        with server.connect() as socket:
            for waiting in ("yes", "no"):
                seen = len(phone.events)
                fire(socket, "1001", **{"MWI-Messages-Waiting": waiting})
                told = phone.wait_for("MWI_NOTIFY", after=seen)
                assert told["param"].split("\r\n")[:3] == [
                    f"Messages-Waiting: {waiting}", "Message-Account: sip:1001@127.0.0.1", "Voice-Message: 2/1 (1/0)"]
                # Who has not subscribed is told as before.
                unasked = other.notified()
                assert (unasked.headers["subscription-state"], unasked.body) == ("active", told["param"])
            # Once each: had it been told twice, the second one would stand before this.
            seen = len(phone.events)
            fire(socket, "1001", **{"MWI-Voice-Message": "5/0 (0/0)"})
            told = phone.wait_for("MWI_NOTIFY", after=seen)
            assert "Voice-Message: 5/0 (0/0)" in told["param"]
    finally:
        other.close()
        phone.stop()


def test_a_message_lights_the_lamp_of_who_has_subscribed(server, tmp_path):
    owner = Phone(tmp_path / "1002", "1002", "1234", server.sip_port, 1000.0, -18.0, subscribes=True)
    caller = Phone(tmp_path / "1000", "1000", "1234", server.sip_port, 600.0, -12.0)
    try:
        owner.registered()
        caller.registered()
        owner.subscribed()
        seen = len(owner.events)
        with server.connect() as socket:
            socket.command("event plain PLAYBACK_STOP")
            caller.command("dial", f"sip:*991002@127.0.0.1:{server.sip_port}")
            socket.wait_for("PLAYBACK_STOP", 30, Playback_File_Path="tone_stream://%(1000,0,640)")
            # What is said is what is recorded.
            time.sleep(4)
            caller.command("hangup")
            told = owner.wait_for("MWI_NOTIFY", after=seen)
            assert "Messages-Waiting: yes" in told["param"] and "Voice-Message: 1/0 (0/0)" in told["param"]
            seen = len(owner.events)
            assert socket.api("vm_delete 1002@127.0.0.1").startswith("+OK")
        told = owner.wait_for("MWI_NOTIFY", after=seen)
        assert "Messages-Waiting: no" in told["param"] and "Voice-Message: 0/0 (0/0)" in told["param"]
    finally:
        caller.stop()
        owner.stop()
