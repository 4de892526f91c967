"""Whispers and sidebars: who hears whom, in all sixteen cases, with two of each kind (event-manager.md §8.2)."""

import pytest

from harness import ears
from harness.spatial_room import OPEN

# Whisper and sidebar of each kind of person.
KINDS = {"main": (0, 0), "whisper": (1, 0), "sidebar": (0, 1), "both": (1, 1)}
# Whom each kind hears.
HEARS = {
    "main": {"main"},
    "whisper": {"main", "whisper", "both"},
    "sidebar": {"sidebar"},
    "both": {"whisper", "sidebar", "both"},
}
# Two of each kind, each with a tone of its own.
PEOPLE = {f"{kind}{number}": 403 + 357 * at
          for at, (kind, number) in enumerate((kind, number) for number in (1, 2) for kind in KINDS)}
# One of each kind has one ear, and a codec without any noise; the other has two, and Opus.
TELEPHONES = [name for name in PEOPLE if name.endswith("2")]
LEVEL_DBFS = -26
# What is not for somebody is this much softer than what is, at least.
APART_DB = 40


@pytest.fixture(scope="module")
def party(house):
    room = house.room(OPEN)
    for name, hertz in PEOPLE.items():
        if name in TELEPHONES:
            room.join(name, codec="L16", says=ears.tones([hertz], LEVEL_DBFS, rate=8000))
        else:
            room.join(name, says=ears.tones([hertz], LEVEL_DBFS))
        room.put(name, 0, 0)
    yield room
    room.end()


def assert_heard(room, hears, listeners, what):
    """`hears(listener, speaker)` says whether one name hears another."""
    heard = room.hear(names=listeners)
    for listener, samples in heard.items():
        rate = room.legs[listener].rate
        levels = {speaker: max(ears.level(ear, rate, hertz) for ear in samples) for speaker, hertz in PEOPLE.items()}
        for speaker, level in levels.items():
            wanted = speaker != listener and hears(listener, speaker)
            limits = (LEVEL_DBFS - 3, LEVEL_DBFS + 6) if wanted else (ears.SILENCE_DB, LEVEL_DBFS - APART_DB)
            assert limits[0] <= level <= limits[1], f"{what}: {listener} hears {speaker} at {level:.1f} dBFS"


def by_the_table(listener, speaker):
    return speaker[:-1] in HEARS[listener[:-1]]


def go_aside(room, number, whisper, sidebar):
    """Those with that number at the end of their names, to groups of those numbers."""
    for kind, (whispers, goes_aside) in KINDS.items():
        room.set(f"{kind}{number}", whisper_room=whispers * whisper, sidebar_room=goes_aside * sidebar)


@pytest.mark.parametrize("three_d", [0, 1], ids=["plain", "3D"])
def test_all_sixteen_cases(party, three_d):
    for name in PEOPLE:
        party.set(name, mixing_3d_reverb_enable=0, mixing_3d_enable=three_d)
    if three_d:
        party.in_three_dimensions(*(name for name in PEOPLE if name not in TELEPHONES))
    for number in (1, 2):
        go_aside(party, number, 7, 7)
    # Five tones at once in 32 kbit/s leave a noise that is no 40 dB below them; two channels have three times that.
    assert_heard(party, by_the_table, PEOPLE if three_d else TELEPHONES, "together")


def test_other_numbers_are_other_groups(party):
    for name in PEOPLE:
        party.set(name, mixing_3d_enable=0)
    go_aside(party, 1, 7, 7)
    go_aside(party, 2, 8, 100)

    def hears(listener, speaker):
        is_near = listener[-1] == speaker[-1]
        if is_near:
            return by_the_table(listener, speaker)
        # Of another group only what is said in the room is heard, by those who are not in a sidebar.
        return speaker[:-1] == "main" and listener[:-1] in ("main", "whisper")

    assert_heard(party, hears, TELEPHONES, "other groups")
    for number in (1, 2):
        go_aside(party, number, 0, 0)
    assert_heard(party, lambda listener, speaker: True, TELEPHONES, "back again")
