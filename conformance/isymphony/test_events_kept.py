"""Server-sent events out of the log of events: a client goes on where it was, also when the server was killed."""

import json
import sqlite3
import time
import urllib.error
import urllib.request

import pytest

from harness.panel import Rest
from harness.server import Server

LIVE = "rest/live/coreServers/getByName/default"
PATH = "communication_manager/sse/event?type=extensionDnd"


@pytest.fixture
def server(tmp_path):
    running = Server(tmp_path / "run", event_log="save = true")
    yield running
    if running.alive():
        running.stop()


class Stream:
    """Events, each with its id, as they come."""

    def __init__(self, server, after=None):
        headers = dict(Rest(server.panel)._headers)
        if after:
            headers["Last-Event-ID"] = after
        request = urllib.request.Request(f"http://{server.panel}/{PATH}", headers=headers)
        self._lines = urllib.request.urlopen(request, timeout=30)

    def events(self, count):
        """The next ones: (id, whether it was switched on)."""
        found, fields = [], {}
        while len(found) < count:
            line = self._lines.readline().decode()
            assert line, "the stream has ended"
            line = line.rstrip("\n")
            if line:
                name, value = line.split(":", 1)
                if name:
                    fields[name] = value.strip()
                continue
            if "data" in fields:
                event = json.loads(fields["data"])
                assert event["type"] == "extensionDnd", event
                found.append((fields["id"], event["enabled"]))
            fields = {}
        return found

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._lines.close()


def status(server, after):
    with pytest.raises(urllib.error.HTTPError) as error:
        Stream(server, after)
    return error.value.code


def toggle(server, times, on=True):
    """Switches it on and off in turn."""
    rest = Rest(server.panel)
    for _ in range(times):
        rest.do("POST", f"{LIVE}/extensions/getByName/1001/{'enable' if on else 'disable'}Dnd")
        on = not on


def test_a_killed_server_goes_on_where_the_client_was(server):
    with Stream(server) as stream:
        toggle(server, 3)
        seen = stream.events(3)
    assert [on for _, on in seen] == [True, False, True]
    # Another one reads these, who knows what they are then.
    with Stream(server) as stream:
        toggle(server, 4, on=False)
        missed = stream.events(4)
    server.kill()
    server.start_again()
    with Stream(server, seen[-1][0]) as stream:
        assert stream.events(4) == missed
        toggle(server, 2, on=True)
        after = stream.events(2)
    assert [on for _, on in after] == [True, False]
    numbers = [int(id.split(":")[0]) for id, _ in seen + missed + after]
    assert numbers == sorted(set(numbers)), "numbers grow over the restart"
    with Stream(server, missed[1][0]) as stream:
        assert stream.events(4) == missed[2:] + after


def test_what_is_not_kept_is_gone(server):
    toggle(server, 1)
    for id in ("5:1", "9000000000000000:1", "00000000-0000-0000-0000-000000000008:5:1"):
        assert status(server, id) == 410, id
    assert status(server, "5") == 412


def test_numbers_grow_where_the_log_was_lost_and_the_clock_goes_back(server):
    with Stream(server) as stream:
        toggle(server, 1)
        [(id, _)] = stream.events(1)
    server.stop()
    ahead = time.time_ns() // 1000 + 10 * 365 * 86_400 * 1_000_000
    assert int(id.split(":")[0]) < ahead
    for path in (server.folder / "state/events").iterdir():
        path.unlink()
    with sqlite3.connect(server.folder / "state/store.db") as database:
        # As if the clock had been ten years ahead then.
        (position,) = database.execute("SELECT position FROM event_position").fetchone()
        assert position > int(id.split(":")[0]), "reserved before it is given out"
        database.execute("UPDATE event_position SET position = ?", (ahead,))
    server.start_again()
    with Stream(server) as stream:
        toggle(server, 1)
        [(later, _)] = stream.events(1)
    assert int(later.split(":")[0]) > ahead
