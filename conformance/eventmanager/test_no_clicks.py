"""Nothing clicks above −50 dBFS, whatever is switched while a tone sounds (event-manager.md §11)."""

import pytest

from harness import ears
from harness.spatial_room import OPEN, SEATS

LOUDEST_DBFS = -50
HERTZ, LEVEL_DBFS = 250, -14
# What was switched is heard, and has gone by, in this time.
PASSING_S = 0.3
EARS = ("ears", "telephone")


@pytest.fixture(scope="module")
def tone(house):
    """Somebody who sings, one who listens with two ears, and a telephone whose samples nobody compresses."""
    room = house.room(OPEN)
    room.join("ears")
    room.join("telephone", codec="L16")
    room.join("talker", says=ears.tones([HERTZ], LEVEL_DBFS))
    room.put("talker", 120, 90)
    for name in EARS:
        room.put(name, 0, 0)
    room.hear(seconds=0.1, settling=1, names=EARS)
    yield room
    room.end()


def clicks(room, *switch):
    """The loudest click at each ear while things are done one after the other."""
    legs = [room.legs[name] for name in EARS]

    def listen():
        # What was before belongs to it: a click may be in the first packet.
        starts = [leg.count - 1 for leg in legs]
        for do in switch:
            do()
            room.phones.listen(PASSING_S, legs)
        return [leg.heard(start, leg.count) for leg, start in zip(legs, starts)]

    room.phones.listen(PASSING_S, legs)
    heard = room.phones.in_time(listen)
    two = [ears.click(ear, 48_000) for ear in heard[0]]
    return {"left": two[0], "right": two[1], "telephone": ears.click(heard[1][0], 8000)}


def assert_quiet(room, *switch):
    found = clicks(room, *switch)
    assert max(found.values()) < LOUDEST_DBFS, found


def setting(room, names, **controls):
    def do():
        for name in names:
            room.set(name, **controls)
    return do


def test_a_click_would_be_heard(tone):
    """A voice that loses a fifth at the top of its wave, and gets it back, once a second, through everything there is."""
    leg = tone.legs["talker"]
    steady, samples = leg.says, ears.tones([HERTZ], LEVEL_DBFS)
    quarter = len(samples) // 2 + 48_000 // HERTZ // 4
    samples[quarter:] *= 0.8
    leg.says = leg.encoded(samples)
    try:
        heard = tone.hear(seconds=1.2, names=EARS)
    finally:
        leg.says = steady
    for name, rate in (("ears", 48_000), ("telephone", 8000)):
        assert ears.click(heard[name][0], rate) > LOUDEST_DBFS, name


def test_the_first_who_hears_in_three_dimensions(tone):
    """The mix goes over from the telephone's rate to that of the ears."""
    tone.hear(seconds=0.1, names=EARS)
    found = clicks(tone, setting(tone, EARS, mixing_3d_enable=1), lambda: tone.in_three_dimensions("ears"))
    assert max(found.values()) < LOUDEST_DBFS, found


LISTENING = {
    "MIXING_3D_ENABLE": (0, 1),
    "MIXING_3D_REVERB_ENABLE": (0, 1),
    "MIXING_3D_ATTENUATION": (20, 0, 6),
    "MIXING_3D_MAX_DISTANCE": (50, 300),
    "DEVICE": (2, 1),
    "HALF_SPAN_ANGLE": (45, 5, 15),
    "MASTER_GAIN": (30, 0, 100),
    "WHISPER_ROOM": (3, 0),
    "SIDEBAR_ROOM": (3, 0),
}
TALKING = {
    "MUTE_ENABLE": (1, 0),
    "ANC_ENABLE": (1, 0),
    "AGC_ENABLE": (1, 0),
    "AUTO_EQ_ENABLE": (1, 0),
    "WHISPER_ROOM": (3, 0),
    "SIDEBAR_ROOM": (3, 0),
    "PBX_ECHO_CANCEL_ENABLE": (1, 0),
    "PBX_VOICE_SHIFT": (7, -5, 0),
    "PBX_INPUT_GAIN": (150, 0, 100),
}


@pytest.mark.parametrize("control", LISTENING)
def test_controls_of_listeners(tone, control):
    tone.in_three_dimensions("ears")
    tone.set("telephone", mixing_3d_enable=1)
    switch = [setting(tone, EARS, **{control: value}) for value in LISTENING[control]]
    if control != "HALF_SPAN_ANGLE":
        assert_quiet(tone, *switch)
        return
    setting(tone, EARS, device=2)()
    try:
        assert_quiet(tone, *switch)
    finally:
        setting(tone, EARS, device=1)()


@pytest.mark.parametrize("control", TALKING)
def test_controls_of_talkers(tone, control):
    tone.in_three_dimensions("ears")
    tone.set("telephone", mixing_3d_enable=1)
    assert_quiet(tone, *(setting(tone, ["talker"], **{control: value}) for value in TALKING[control]))


def test_poses_seats_and_layouts(tone):
    tone.in_three_dimensions("ears")
    tone.set("telephone", mixing_3d_enable=1)
    assert_quiet(tone, *(lambda azimuth=azimuth: tone.put("ears", 0, 0, azimuth) for azimuth in (90, 180, -45, 0)))
    places = [(-200, 10), (0, 0), (5, -400), (120, 90)]
    assert_quiet(tone, *(lambda place=place: tone.put("talker", *place) for place in places))
    assert_quiet(tone, lambda: tone.layout(SEATS), lambda: tone.seat("talker", "left"), lambda: tone.seat("ears", "behind"),
                 lambda: tone.layout(OPEN))
