"""How far away somebody is and where the listener looks is heard (event-manager.md §9.1, §11)."""

import numpy
import pytest

from harness import ears
from harness.spatial_room import OPEN
from harness.talkers import LINES, NARROW, PLACES, RATE, assert_side, sides, talks

# Where a talker stands in an open room, centimetres before the listener.
DISTANCES = {"front": 50, "right": 100, "behind": 200, "left": 500}


@pytest.fixture(scope="module")
def row(house):
    """Talkers one behind the other; a listener with two ears and a telephone with one."""
    room = house.room(OPEN)
    room.join("ears")
    room.join("telephone", codec="PCMU")
    for place in PLACES:
        room.join(place, says=talks(place))
        room.put(place, 0, DISTANCES[place])
    room.put("ears", 0, 0)
    room.put("telephone", 0, 0)
    yield room
    room.end()


def test_loss_by_distance_is_as_documented(row):
    row.in_three_dimensions("ears", mixing_3d_reverb_enable=0)
    row.set("telephone", mixing_3d_enable=1)

    def levels(attenuation, greatest):
        for name in ("ears", "telephone"):
            row.set(name, mixing_3d_attenuation=attenuation, mixing_3d_max_distance=greatest)
        heard = row.hear(names=["ears", "telephone"])
        return {
            "ears": {place: ears.level(heard["ears"][0], RATE, LINES[place]) for place in PLACES},
            "telephone": {place: ears.level(heard["telephone"][0], 8000, NARROW[place]) for place in PLACES},
        }

    without = levels(0, 300)
    loudest = without["ears"].values()
    assert max(loudest) - min(loudest) < 0.8, f"distance counts where nothing is lost: {without}"
    for attenuation, greatest in [(6, 300), (4, 400), (12, 100)]:
        found = levels(attenuation, greatest)
        for name in found:
            for place, distance in DISTANCES.items():
                expected = -attenuation * min(distance, greatest) / 100
                lost = found[name][place] - without[name][place]
                assert abs(lost - expected) < 0.5, f"{name}: {distance} cm, {attenuation} dB/m: {lost} dB"


def test_a_turned_head_turns_the_room(row):
    row.in_three_dimensions("ears", mixing_3d_reverb_enable=0, mixing_3d_attenuation=0)
    row.put("right", 100, 0)
    for heading, where in {0: "right", 90: "middle", 180: "left", -90: "middle"}.items():
        row.put("ears", 0, 0, heading)
        assert_side(sides(row.hear(names=["ears"])["ears"])["right"], where, f"heading {heading}")
    row.put("ears", 0, 0)


def test_in_front_is_not_behind(row):
    """It comes from the middle both times, and sounds otherwise."""
    row.in_three_dimensions("ears", mixing_3d_reverb_enable=0, mixing_3d_attenuation=0)

    def spectrum(heading):
        row.put("ears", 0, 0, heading)
        heard = row.hear(names=["ears"])["ears"]
        return numpy.array([ears.level(heard[0], RATE, hertz) for hertz in LINES["front"]])

    difference = spectrum(0) - spectrum(180)
    again = spectrum(180) - spectrum(180)
    assert numpy.std(difference) > max(1.0, 2 * numpy.std(again)), f"{difference} {again}"
    row.put("ears", 0, 0)
