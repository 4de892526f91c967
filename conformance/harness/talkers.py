"""Four talkers who can be told apart however many speak at once, and from which side each is heard."""

from . import ears

RATE = 48_000
PLACES = ("front", "right", "behind", "left")
# Each talker has lines of its own, those of the others lie between them. None is a multiple of 50 Hz: what Opus does wrong
# would be the same in every packet of 20 ms then, and add up where it is measured.
LINES = {place: range(303 + 100 * number, 6000, 407) for number, place in enumerate(PLACES)}
LEVEL_DBFS = -42
# What is heard of them over 8 kHz.
NARROW = {place: [hz for hz in lines if hz < 3300] for place, lines in LINES.items()}


def talks(place, level_dbfs=LEVEL_DBFS):
    return ears.tones(LINES[place], level_dbfs, seed=PLACES.index(place))


def sides(heard):
    """For each talker how much louder and sooner it is at the right ear: decibels, microseconds."""
    found = {place: ears.difference(heard, RATE, lines) for place, lines in LINES.items()}
    return {place: (louder, sooner * 1e6) for place, (louder, sooner) in found.items()}


def assert_side(side, where, what):
    louder, sooner = side
    if where == "middle":
        assert abs(louder) < 1.5 and abs(sooner) < 60, f"{what}: {side}"
    else:
        sign = 1 if where == "right" else -1
        assert sign * louder >= 6 and 500 <= sign * sooner <= 800, f"{what}: {side}"
