"""The rooms in three dimensions that the built-in configuration has: who calls one hears from a seat, and nobody sets anything."""

import pytest

from harness.room_legs import Leg, RoomLegs
from harness.server import Server
from harness.talkers import assert_side, sides, talks


@pytest.fixture
def phones(tmp_path):
    """A server as it is without any layouts, telephones, and a way to let them dial."""
    server = Server(tmp_path / "run")
    legs = RoomLegs(server.missed_ticks)
    with server.connect() as console:

        def dials(number, name, **kind):
            leg = legs.add(Leg(name, **kind))
            answer = console.api(f"originate {legs.dial_string(leg)} {number} XML default")
            assert answer.startswith("+OK"), f"{answer}\n{server.log()}"
            return leg

        yield legs, dials
    legs.stop()
    server.stop()


def hear(legs, leg):
    legs.listen(0.3, [leg])
    return legs.in_time(lambda: legs.listen(0.5, [leg]))[leg.name]


def test_a_neighbour_is_heard_at_his_side(phones):
    legs, dials = phones
    # Eight seats in a circle: who comes first faces the middle, and who comes next sits at the first one's left.
    listener = dials(3100, "listener")
    dials(3100, "neighbour", says=talks("front"))
    legs.wait(listener.hears_two_channels)
    assert_side(sides(hear(legs, listener))["front"], "left", "from the next seat")


def test_other_conferences_are_as_they_were(phones):
    legs, dials = phones
    listener = dials(3000, "listener")
    dials(3000, "neighbour", says=talks("front"))
    louder, sooner = sides(hear(legs, listener))["front"]
    assert abs(louder) < 0.1 and abs(sooner) < 5, f"{louder} dB, {sooner} µs"
