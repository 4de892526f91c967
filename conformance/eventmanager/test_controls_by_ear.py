"""What controls do to sound, heard by somebody else (event-manager.md §8; docs/voice.md, docs/spatial.md)."""

import statistics

import pytest

from harness import ears
from harness.room_legs import PACKET_S
from harness.spatial_room import OPEN

RATE = 48_000
HERTZ, LEVEL_DBFS = 503, -20


@pytest.fixture
def room(house):
    made = house.room(OPEN)
    yield made
    made.end()


def listener(room, says, **kind):
    """Somebody with two ears in the middle, in front of whom another talks at a metre."""
    room.join("ears")
    room.join("talker", says=says, **kind)
    room.put("ears", 0, 0)
    room.put("talker", 0, 100)


def level(room, hertz=HERTZ):
    return ears.level(room.hear(seconds=0.3, names=["ears"])["ears"][0], RATE, hertz)


def test_volumes_and_muting(room):
    listener(room, ears.tones([HERTZ], LEVEL_DBFS))
    plain = level(room)
    assert abs(plain - LEVEL_DBFS) < 0.5
    for name, control, value, change in [
        ("ears", "MASTER_GAIN", 10, -20), ("ears", "MASTER_GAIN", 50, -6.02), ("ears", "MASTER_GAIN", 100, 0),
        ("talker", "PBX_INPUT_GAIN", 400, 12.04), ("talker", "PBX_INPUT_GAIN", 100, 0),
    ]:
        room.set(name, **{control: value})
        heard = level(room) - plain
        assert abs(heard - change) < 0.5, f"{control} {value}: {heard:.2f} dB"
    for name, control, off, on in [("ears", "MASTER_GAIN", 0, 100), ("talker", "PBX_INPUT_GAIN", 0, 100),
                                   ("talker", "MUTE_ENABLE", 1, 0)]:
        room.set(name, **{control: off})
        assert level(room) < -90, control
        room.set(name, **{control: on})


def test_voices_are_shifted(room):
    listener(room, ears.tones([HERTZ], LEVEL_DBFS))
    for semitones in (12, -12, 7, 0):
        room.set("talker", pbx_voice_shift=semitones)
        wanted = HERTZ * 2 ** (semitones / 12)
        heard = room.hear(names=["ears"], settling=0.5)["ears"][0]
        assert abs(ears.level(heard, RATE, wanted) - LEVEL_DBFS) < 1.5, f"{semitones} semitones"
        if semitones:
            assert ears.level(heard, RATE, HERTZ) < LEVEL_DBFS - 30, f"{semitones} semitones"


def test_noise_goes(room):
    listener(room, ears.hiss(-30))

    def loudness():
        return ears.loudness(room.hear(names=["ears"])["ears"][0])

    before = loudness()
    room.set("talker", anc_enable=1)
    room.hear(settling=1.5, seconds=0.1, names=["ears"])
    after = loudness()
    assert before - after >= 12, f"{before:.1f} dBFS, then {after:.1f}"
    room.set("talker", anc_enable=0)
    assert abs(loudness() - before) < 1


def test_soft_voices_are_brought_up_and_loud_ones_down(room):
    room.join("ears")
    for name, dbfs in (("soft", -40), ("loud", -12)):
        room.join(name, says=ears.syllables(dbfs))
    heard = {}
    for gain in (0, 1):
        for name in ("soft", "loud"):
            room.set(name, agc_enable=gain)
        room.hear(settling=3 * gain, seconds=0.1, names=["ears"])
        for name, other in (("soft", "loud"), ("loud", "soft")):
            room.set(other, mute_enable=1)
            # Two syllables, wherever they begin; three times, as a packet that is late on a busy machine is a hole in one.
            heard[name, gain] = statistics.median(
                ears.loudness(room.hear(seconds=0.5, names=["ears"])["ears"][0]) for _ in range(3)
            )
            room.set(other, mute_enable=0)
    changes = {name: heard[name, 1] - heard[name, 0] for name in ("soft", "loud")}
    assert 10 < changes["soft"] < 18.5 and -13 < changes["loud"] < -4, changes
    assert abs(heard["soft", 1] - heard["loud", 1]) < 8, heard


def test_what_rumbles_is_taken_away(room):
    """The equaliser cuts below 80 Hz."""
    listener(room, ears.tones([41, 1003], LEVEL_DBFS))
    room.in_three_dimensions("ears")
    room.set("ears", mixing_3d_enable=0)
    before = level(room, 41) - level(room, 1003)
    room.set("talker", auto_eq_enable=1)
    after = level(room, 41) - level(room, 1003)
    assert before - after > 9, f"{before:.1f} dB, then {after:.1f}"


def test_the_room_rings(room):
    listener(room, ears.tones([503, 911, 1607, 2503], -22))
    room.in_three_dimensions("ears", mixing_3d_reverb_enable=0)
    room.hear(seconds=0.1, names=["ears"])
    leg = room.legs["ears"]
    fades = {}
    for reverb in (0, 1):
        room.set("ears", mixing_3d_reverb_enable=reverb)
        room.hear(seconds=0.1, names=["ears"])

        def mute():
            start = leg.count
            room.set("talker", mute_enable=1)
            room.phones.listen(0.5, [leg])
            # It may take a second try, if this machine was late.
            room.set("talker", mute_enable=0)
            heard = leg.heard(start, leg.count)[0]
            room.phones.listen(0.3, [leg])
            return heard

        heard = room.phones.in_time(mute)
        length = int(RATE * PACKET_S)
        fades[reverb] = [ears.loudness(heard[at : at + length]) for at in range(0, len(heard) - length + 1, length)]
    # Packets of 20 ms from the first on in which sound is ending.
    ends = {reverb: next(n for n, dbfs in enumerate(fade) if dbfs < fade[0] - 10) for reverb, fade in fades.items()}
    dry, wet = (fades[reverb][ends[reverb] + 3 : ends[reverb] + 11] for reverb in (0, 1))
    assert max(dry) < -90, fades
    # 60 dB in 0.35 s are 17 dB in 100 ms.
    lost = wet[0] - wet[5]
    assert wet[0] > -70 and 12 < lost < 22, fades


def test_loudspeakers_reach_one_ear_each(room):
    """Somebody who is where a loudspeaker is comes from this loudspeaker alone: so each ear gets what it should."""
    lines = range(303, 5000, 207)
    listener(room, ears.tones(list(lines), -42))
    room.in_three_dimensions("ears", mixing_3d_reverb_enable=0, mixing_3d_attenuation=0)
    room.put("talker", 50, 87)  # at 30°
    found = {}
    for device, angle in ((1, 15), (2, 30), (2, 60)):
        room.set("ears", device=device, half_span_angle=angle)
        found[device, angle] = ears.difference(room.hear(names=["ears"])["ears"], RATE, lines)[0]
    assert 2 < found[1, 15] < 12, found
    assert found[2, 30] > found[1, 15] + 4, found
    assert found[2, 60] < found[2, 30] - 4, found
