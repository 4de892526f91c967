"""Phones whose keys show the calls of others: SIPp watches, baresip rings, talks, holds and hangs up."""

from harness.phone import Phone
from harness.sipp import Sipp
from harness.watcher import Watcher


def phone(server, folder, user, answers):
    return Phone(folder / user, user, "1234", server.sip_port, 600.0, -12.0, answers=answers)


def test_a_call_is_watched_from_its_ringing_to_its_end(server, tmp_path):
    called, caller = phone(server, tmp_path, "1001", False), phone(server, tmp_path, "1000", True)
    watchers = []
    try:
        called.registered()
        caller.registered()
        watchers = [Watcher(server, tmp_path / f"w{whom}", whom).is_subscribed() for whom in ("1001", "1000")]
        of_called, of_caller = watchers
        caller.command("dial", f"sip:1001@127.0.0.1:{server.sip_port}")
        rings = of_called.told("early")
        assert rings["direction"] == "recipient" and rings["local"] == ("sip:1001@127.0.0.1", None, "yes")
        assert rings["remote"][0] == "sip:1000@127.0.0.1" and rings["remote"][2] == "yes"
        assert rings["call-id"] and rings["local-tag"] and rings["remote-tag"]
        dials = of_caller.told("early")
        assert dials["direction"] == "initiator" and dials["remote"][0] == "sip:1001@127.0.0.1"
        called.command("accept")
        talks = of_called.told("confirmed")
        assert {name: talks[name] for name in ("id", "call-id", "local-tag", "remote-tag")} == {
            name: rings[name] for name in ("id", "call-id", "local-tag", "remote-tag")}
        of_caller.told("confirmed", id=dials["id"])
        called.command("hold")
        of_called.told("confirmed", local=("sip:1001@127.0.0.1", None, "no"))
        held = of_caller.told("confirmed", local=("sip:1000@127.0.0.1", None, "yes"))
        of_caller.told("confirmed", remote=held["remote"][:2] + ("no",))
        called.command("resume")
        of_called.told("confirmed", local=("sip:1001@127.0.0.1", None, "yes"))
        called.command("hangup")
        of_called.told("terminated", id=rings["id"])
        of_caller.told("terminated", id=dials["id"])
        for watcher, whom in zip(watchers, ("1001", "1000")):
            documents = watcher.documents()
            assert [version for version, _, _ in documents] == list(range(len(documents)))
            assert {entity for _, entity, _ in documents} == {f"sip:{whom}@127.0.0.1"}
            assert documents[0][2] == []
    finally:
        for one in (*watchers, called, caller):
            one.stop()


def test_who_watches_takes_the_call_that_rings(server, tmp_path):
    called, caller = phone(server, tmp_path, "1001", False), phone(server, tmp_path, "1000", True)
    watcher = taker = None
    try:
        called.registered()
        caller.registered()
        watcher = Watcher(server, tmp_path / "watcher", "1001").is_subscribed()
        caller.command("dial", f"sip:1001@127.0.0.1:{server.sip_port}")
        rings = watcher.told("early")
        replaces = f"{rings['call-id']};to-tag={rings['remote-tag']};from-tag={rings['local-tag']};early-only"
        (tmp_path / "pickup").mkdir()
        taker = Sipp(server, "pickup", tmp_path / "pickup", user="1003", callee="1000", more=("-key", "replaces", replaces))
        watcher.told("terminated", id=rings["id"])
        taker.finish()
        # It had the caller at its other end: when it hangs up, that call is over.
        caller.wait_for("CALL_CLOSED")
    finally:
        for one in (watcher, taker, called, caller):
            if one:
                one.stop()
