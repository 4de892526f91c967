"""Who sits where is heard: from the right side, as two listeners and a telephone (event-manager.md §11)."""

import pytest

from harness import ears
from harness.spatial_room import SEATS
from harness.talkers import NARROW, PLACES, RATE, assert_side, sides, talks


@pytest.fixture(scope="module")
def seats(house):
    """Four talkers around a listener with two ears; one more at the right, and a telephone, which has one."""
    room = house.room(SEATS)
    for name in ("middle", "beside"):
        room.join(name)
    room.join("telephone", codec="PCMU")
    for place in PLACES:
        room.join(place, says=talks(place))
    for name in ("middle", "telephone", *PLACES):
        room.seat(name, "middle" if name == "telephone" else name)
    room.seat("beside", "right")
    yield room
    room.end()


def assert_as_said(samples, rate):
    """Everybody as loud as they speak, as far as a telephone hears."""
    for place, lines in NARROW.items():
        change = ears.level(samples, rate, lines) - ears.level(talks(place), RATE, lines)
        assert abs(change) < 0.7, f"{place}: {change} dB"


def test_everybody_hears_from_the_middle_before_it_is_switched_on(seats):
    seats.set_all("mixing_3d_enable", 0)
    heard = seats.hear(names=["middle", "beside", "telephone"])
    for name in ("middle", "beside"):
        for place, (louder, sooner) in sides(heard[name]).items():
            assert abs(louder) < 0.1 and abs(sooner) < 5, f"{name} hears {place}: {louder} dB, {sooner} µs"
    assert_as_said(heard["middle"][0], RATE)
    assert_as_said(heard["telephone"][0], 8000)


def test_seats_are_heard_where_they_are(seats):
    for name in ("middle", "beside"):
        seats.in_three_dimensions(name, mixing_3d_reverb_enable=0)
    heard = seats.hear(names=["middle", "beside", "telephone"])
    middle, beside = sides(heard["middle"]), sides(heard["beside"])
    for place, where in {"left": "left", "right": "right", "front": "middle", "behind": "middle"}.items():
        assert_side(middle[place], where, f"from the middle, {place}")
    # Who sits at the right faces the middle: what is in front of the first is at its right, half behind it.
    assert_side(beside["left"], "middle", "from the right, left")
    assert beside["front"][0] > 4 and beside["behind"][0] < -4, beside
    assert beside["front"][1] > 250 and beside["behind"][1] < -250, beside
    # The telephone goes on with the plain mix.
    assert_as_said(heard["telephone"][0], 8000)
