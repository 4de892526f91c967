"""Values of `db` and groups of `group` survive the server, however that ends, and dialplans read them."""

import sqlite3
from contextlib import closing

import pytest

from harness.server import Server
from test_registrations_kept import wait_until


@pytest.fixture
def server(tmp_path):
    running = Server(tmp_path / "run")
    yield running
    running.stop()


def kept(server, realm, name):
    """What the disk has; `None` when it has nothing."""
    with closing(sqlite3.connect(server.folder / "state/store.db", timeout=30)) as database:
        found = database.execute("SELECT value FROM kept_value WHERE realm = ? AND name = ?", (realm, name)).fetchone()
        return found and found[0]


@pytest.mark.parametrize("end", ["killed", "stopped"])
def test_values_are_there_after_the_server_was(server, end):
    with server.connect() as socket:
        for change in ("db insert/r/old/1", "db insert/r/k/it's \"ä\"/b", "db delete/r/old",
                       "group insert:g:user/1001", "group insert:g:user/1000", "group insert:g:user/1002",
                       "group delete:g:user/1000", "db insert/r/last/v"):
            assert socket.api(change) == "+OK"
    if end == "killed":
        wait_until(lambda: kept(server, "r", "last") == "v", "the value is not kept")
        server.kill()
        server.start_again()
    else:
        server.restart()
    with server.connect() as socket:
        assert socket.api("db list/r") == "k,last"
        assert socket.api("db select/r/k") == "it's \"ä\"/b"
        # Whoever joins now comes behind those of before.
        assert socket.api("group insert:g:user/1003") == "+OK"
        assert socket.api("group call:g") == "user/1001,user/1002,user/1003"


def test_a_channel_dials_a_group_in_order(server):
    """The first member cannot be called, so that the second is."""
    with server.connect() as socket:
        for member in ("error/USER_BUSY", "null/second"):
            assert socket.api(f"group insert:team:{member}") == "+OK"
        assert socket.api("db insert/team/answer/yes") == "+OK"
        socket.command("event plain CHANNEL_BRIDGE")
        reply = socket.api(
            "originate null/caller 'set:asked=${db(select/team/answer)},bridge:${group(call:team:order)}' inline"
        )
        caller = reply.split()[1]
        bridged = socket.wait_for("CHANNEL_BRIDGE", Bridge_A_Unique_ID=caller)
        assert bridged["Other-Leg-Channel-Name"] == "null/second"
        assert socket.api(f"uuid_getvar {caller} asked") == "yes"
        socket.api("hupall")
