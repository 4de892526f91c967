"""The log of events: a server that is killed with -9 loses nothing a client could have seen."""

import threading
import time

import pytest

from harness.server import Server

RATE = 1000
BATCH = 20


class Writer(threading.Thread):
    """Fires numbered events, 1,000 a second where the machine allows, until the server dies or it is told to stop."""

    def __init__(self, server, first):
        super().__init__(daemon=True)
        self._socket = server.connect()
        self.next = first
        self.failed = None
        # The first event since it last was a second behind, and how many were answered at the rate from there on.
        self._from = first
        self._at_rate = 0
        self._ending = threading.Event()
        self._progress = threading.Condition()

    def run(self):
        try:
            due = time.monotonic()
            while not self._ending.is_set():
                numbers = range(self.next, self.next + BATCH)
                self._socket.send("".join(
                    f"sendevent CUSTOM\nEvent-Subclass: log::test\nNumber: {number}\n\n" for number in numbers))
                self.next += BATCH
                for _ in numbers:
                    frame = self._socket.read(30)
                    if frame is None:
                        return
                    assert frame.reply.startswith("+OK"), frame
                due += BATCH / RATE
                early = due - time.monotonic()
                if early >= 0:
                    with self._progress:
                        self._at_rate = self.next - self._from
                        self._progress.notify_all()
                elif early < -1:
                    due -= early
                    with self._progress:
                        self._from, self._at_rate = self.next, 0
                time.sleep(max(0.0, early))
        except OSError:
            # The server was killed.
            return
        except Exception as error:
            self.failed = error

    def at_rate(self, least, seconds=120):
        """Waits until that many events in a row, or more, were offered and answered at no less than `RATE`, up to now."""
        with self._progress:
            kept = self._progress.wait_for(lambda: self._at_rate >= least, seconds)
            assert kept, f"{self.next - self._from} events since the last second lost, {self._at_rate} at {RATE} a second"

    def end(self):
        self._ending.set()
        self.join(60)
        assert not self.is_alive() and self.failed is None, self.failed
        self._socket.close()


def told(frame):
    event = frame.event()
    return int(event["Jackfield-Sequence"]), int(event["Number"])


def read_events(socket, until=lambda number: False, most=None):
    """Numbered events up to the end of the connection, `most`, or the one that is the last: (sequence, number)."""
    events = []
    while most is None or len(events) < most:
        frame = socket.events.pop(0) if socket.events else socket.read(30)
        if frame is None:
            break
        events.append(told(frame))
        if until(events[-1][1]):
            break
    return events


def listening(server, after=None):
    socket = server.connect()
    if after is None:
        assert socket.command("sequence on").reply.startswith("+OK")
    else:
        assert socket.command(f"replay {after}").reply == f"+OK replay after {after}"
    assert socket.command("event plain CUSTOM log::test").reply.startswith("+OK")
    return socket


@pytest.fixture
def server(tmp_path):
    running = Server(tmp_path / "run", event_log='save = true\nmax_bytes = "64 MiB"')
    yield running
    if running.alive():
        running.stop()


def test_killed_under_load_a_client_gets_exactly_what_it_had_not_read(server):
    number = 1
    for rounds in range(3):
        # One reads all it can get, one stops reading early, one only knows where it was before.
        fast, slow = listening(server), listening(server)
        writer = Writer(server, number)
        writer.start()
        read_by_slow = read_events(slow, most=100)
        assert [n for _, n in read_by_slow] == list(range(number, number + 100))
        read_by_fast = read_events(fast, most=1500 + 300 * rounds)
        # It is killed while it gets 1,000 a second.
        writer.at_rate(RATE)
        server.kill()
        # What was on its way when the server died was seen too.
        read_by_fast += read_events(fast)
        writer.end()
        fast.close()
        slow.close()
        seen = [n for _, n in read_by_fast]
        assert seen == list(range(number, seen[-1] + 1)), "live events are in order"

        server.start_again()
        with server.connect() as socket:
            # Everything of the first life is followed by this one.
            socket.command("sendevent CUSTOM\nEvent-Subclass: log::test\nNumber: 0")
        with listening(server, read_by_slow[-1][0]) as again:
            after_slow = read_events(again, until=lambda n: n == 0)
        with listening(server, read_by_fast[-1][0]) as again:
            after_fast = read_events(again, until=lambda n: n == 0)
        rest = [n for _, n in after_slow[:-1]]
        last = rest[-1]
        assert last >= seen[-1], "nothing that was given out is missing"
        assert rest == list(range(number + 100, last + 1)), "no gap, nothing twice"
        assert after_slow[: len(read_by_fast) - 100] == read_by_fast[100:], "the same events have the same numbers"
        assert after_fast == after_slow[len(read_by_fast) - 100 :]
        sequences = [s for s, _ in read_by_slow + after_slow]
        assert sequences == sorted(set(sequences)), "numbers grow, also over the restart"
        number = writer.next


def test_a_replay_goes_over_into_live_events_at_full_rate(server):
    first = listening(server)
    writer = Writer(server, 1)
    writer.start()
    position = read_events(first, most=10)[-1][0]
    first.close()
    with server.connect() as idle:
        while int(idle.command("replay").reply.split()[-1]) < position + 1000:
            time.sleep(0.01)
    with listening(server, position) as again:
        numbers = [n for _, n in read_events(again, most=3000)]
    assert numbers == list(range(11, 3011))
    writer.end()
    server.restart()
    with listening(server, position) as again:
        numbers = [n for _, n in read_events(again, most=3000)]
    assert numbers == list(range(11, 3011)), "an orderly restart keeps it too"


def test_without_the_log_there_is_nothing_to_replay(tmp_path):
    running = Server(tmp_path / "run")
    with running.connect() as socket:
        for command in ("replay 1", "replay", "sequence on", "slow-reader disk"):
            assert socket.command(command).reply == "-ERR events are not logged here"
        assert socket.command("slow-reader drop").reply == "+OK slow-reader drop"
    assert not (running.folder / "state" / "events").exists()
    running.stop()
