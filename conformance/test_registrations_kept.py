"""Where phones are registered survives the server, however that ends, and only as long as it is true."""

import os
import signal
import sqlite3
import time
from contextlib import ExitStack, closing

import pytest

from harness.panel import Rest
from harness.phone import Phone
from harness.server import Server

EXTENSION = "rest/live/coreServers/getByName/default/extensions/getByName"

# So that no phone registers again by itself while a test looks.
LIFETIME = 3600


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("server") / "run", panel='starter = "directory"')
    yield running
    running.stop()


@pytest.fixture
def people(server, tmp_path):
    """Makes registered phones, and ends all of them."""
    with ExitStack() as end:

        def phone(user):
            made = Phone(tmp_path / user, user, "1234", server.sip_port, 600.0, -12.0, lifetime=LIFETIME)
            end.callback(made.stop)
            return made.registered(30)

        yield phone


def kept(server, user):
    """Whether the disk has a registration of the user."""
    with closing(sqlite3.connect(server.folder / "state/store.db", timeout=30)) as database:
        return database.execute("SELECT count(*) FROM binding WHERE user_name = ?", (user,)).fetchone() != (0,)


def wait_until(condition, what, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def kill(server):
    """Without a chance to do anything."""
    os.kill(server.pid, signal.SIGKILL)
    server._process.wait(10)
    server._log.close()


def shown(server, user):
    """What clients are told of the registration: its number in dial strings, Call-ID and end among it."""
    with server.connect() as socket:
        lines = [line for line in socket.api("show registrations").splitlines() if line.startswith(f"{user},")]
        status = socket.api(f"sofia status profile internal reg {user}@127.0.0.1")
        # How many seconds are left is another number each time.
        status = [line.split(" EXPSECS")[0] for line in status.splitlines()]
        state = Rest(server.panel).get(f"{EXTENSION}/{user}")["state"]
        return lines, status, socket.api(f"sofia_contact {user}@127.0.0.1"), state


@pytest.mark.parametrize("end", ["killed", "stopped"])
def test_a_phone_is_called_after_the_server_was(server, people, end):
    user = {"killed": "1000", "stopped": "1002"}[end]
    phone = people(user)
    before = shown(server, user)
    assert len(before[0]) == 1 and before[2].startswith("sofia/internal/sip:"), before
    assert before[3] != shown(server, "1009")[3], "that one is not registered"
    if end == "killed":
        wait_until(lambda: kept(server, user), "the registration is not kept")
        kill(server)
        server.start_again()
    else:
        # Whatever was said before is written then.
        server.restart()
    assert shown(server, user) == before
    called = len(phone.events)
    with server.connect() as socket:
        socket.command("event plain CHANNEL_ANSWER CHANNEL_HANGUP_COMPLETE")
        assert socket.api(f"originate user/{user} &park()").startswith("+OK")
        phone.wait_for("CALL_ESTABLISHED", 30, after=called)
        assert socket.wait_for("CHANNEL_ANSWER", 30)["Caller-Destination-Number"]
        # Nobody registered: it is the same registration that was called. The state is one of a call now.
        assert shown(server, user)[:3] == before[:3]
        socket.api("hupall")
        socket.wait_for("CHANNEL_HANGUP_COMPLETE", 30)


def test_what_has_run_out_meanwhile_is_gone(server, people):
    people("1003")
    wait_until(lambda: kept(server, "1003"), "the registration is not kept")
    kill(server)
    with closing(sqlite3.connect(server.folder / "state/store.db", timeout=30)) as database, database:
        # As if the server had been away for that long.
        database.execute("UPDATE binding SET expires = ? WHERE user_name = '1003'", (int((time.time() - 1) * 1e6),))
    server.start_again()
    assert shown(server, "1003")[0] == []
    assert not kept(server, "1003")
    with server.connect() as socket:
        assert socket.api("originate user/1003 &park()") == "-ERR USER_NOT_REGISTERED\n"


@pytest.mark.parametrize("end", ["killed", "stopped"])
def test_who_has_left_stays_away(server, people, end):
    phone = people("1004")
    if end == "killed":
        wait_until(lambda: kept(server, "1004"), "the registration is not kept")
    with server.connect() as socket:
        socket.command("event plain CUSTOM sofia::unregister")
        # It says so when it ends.
        phone.stop()
        socket.wait_for("CUSTOM", 30, Event_Subclass="sofia::unregister", from_user="1004")
    if end == "killed":
        wait_until(lambda: not kept(server, "1004"), "the registration is still kept")
        kill(server)
        server.start_again()
    else:
        server.restart()
    assert shown(server, "1004")[0] == []


def test_in_memory_nothing_is_kept(tmp_path):
    server = Server(tmp_path / "run", node='[store]\nkind = "memory"')
    try:
        phone = Phone(tmp_path / "1006", "1006", "1234", server.sip_port, 600.0, -12.0, lifetime=LIFETIME)
        try:
            phone.registered(30)
            assert len(shown(server, "1006")[0]) == 1
            server.restart()
            assert shown(server, "1006")[0] == []
        finally:
            phone.stop()
    finally:
        server.stop()
