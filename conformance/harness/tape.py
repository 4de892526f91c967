"""What several legs of calls hear at the same moment, recorded by the server while the calls go on."""

import itertools
import time

from .ear import TIMES, Recording, tone_near

_numbers = itertools.count(1)


class Tapes:
    """`legs`: channels by whatever name the test has for who is there. Each is recorded for so many seconds; again when a machine that
    stood still left less than half of it on one of the tapes."""

    def __init__(self, server, link, legs, seconds=1.0, patience=30):
        for left in reversed(range(TIMES)):
            self._heard = _taped(server, link, legs, seconds, patience)
            lengths = {name: tape.seconds for name, tape in self._heard.items()}
            if min(lengths.values()) > seconds / 2:
                break
            print(f"taped again: {lengths}")
            assert left, f"the tapes are short: {lengths}"

    def level(self, name, hertz):
        """dBFS of that tone in what this leg heard."""
        tape = self._heard[name]
        # Users of the built-in directory are recorded on two tracks: what they say, and what they hear.
        return tone_near(tape.channel(tape.channels - 1), tape.rate, hertz)[1]

    def hears(self, name, *tones):
        """These tones, each `(hertz, dBFS)`, within 1.5 dB."""
        for hertz, level in tones:
            heard = self.level(name, hertz)
            assert abs(heard - level) < 1.5, f"{name}: {hertz} Hz at {heard:.1f} dBFS instead of {level}"

    def hears_nothing_of(self, name, *tones):
        for hertz, _ in tones:
            heard = self.level(name, hertz)
            assert heard < -40, f"{name}: {hertz} Hz at {heard:.1f} dBFS"


def _taped(server, link, legs, seconds, patience):
    number = next(_numbers)
    paths = {name: server.recordings / f"tape-{number}-{name}.wav" for name in legs}
    for name, leg in legs.items():
        assert link.api(f"uuid_setvar {leg} RECORD_WRITE_ONLY true") == "+OK\n"
        assert link.api(f"uuid_record {leg} start {paths[name]}", patience) == "+OK Success\n"
    time.sleep(seconds)
    for name, leg in legs.items():
        assert link.api(f"uuid_record {leg} stop {paths[name]}") == "+OK Success\n"
    deadline = time.monotonic() + patience
    tapes = {}
    for name, path in paths.items():
        # Its end is written behind the answer.
        while not (path.exists() and path.stat().st_size > 44 and (tape := Recording(path)).seconds > 0):
            assert time.monotonic() < deadline, f"no tape of {name}"
            time.sleep(0.05)
        tapes[name] = tape
    return tapes
