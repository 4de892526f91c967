"""A client that sends poses a thousand times in a second, as a head tracker gone wild does."""

import json
import threading
import time

from harness import ears
from harness.event_manager import EventManager
from harness.spatial_room import OPEN

POSES = 3000
PER_S = 1000
HERTZ, LEVEL_DBFS = 250, -14


# Sent at once; their answers are read before the next are due.
TOGETHER = 10


class Wild:
    """Sends poses on a straight line before the listener and reads the answers, on a thread of its own."""

    def __init__(self, url, room, participant):
        self._client = EventManager(url)
        keys = {"Command": "set_participant_position", "room_id": room, "participant_id": participant, "y": 0, "z": 100}
        self._requests = [json.dumps({**keys, "x": x - POSES // 2, "seq": x}) for x in range(POSES)]
        self.answered = []
        self.seconds = 0.0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        began = time.monotonic()
        for start in range(0, POSES, TOGETHER):
            for request in self._requests[start : start + TOGETHER]:
                self._client.say(request)
            for _ in range(TOGETHER):
                reply = self._client.reply()
                self.answered.append((reply["Request"]["seq"], reply["Status"]))
            time.sleep(max(0.0, began + (start + TOGETHER) / PER_S - time.monotonic()))
        self.seconds = time.monotonic() - began

    def finish(self):
        self._thread.join(30)
        self._client.close()


def watch(client, room, until):
    """Positions told to a client, until the one that is the last."""
    told = []
    while not told or told[-1] != until:
        message = client.hear()
        if message.get("Event") == "IMM_EVENT_SET_PARTICIPANT_POSITION" and message["room_id"] == room:
            told.append(message["position"]["x"])
    return told


def test_a_flood_of_poses_harms_nobody(house):
    room = house.room(OPEN)
    room.join("ears")
    room.join("telephone", codec="L16")
    room.join("talker", says=ears.tones([HERTZ], LEVEL_DBFS))
    room.put("ears", 0, 0)
    room.in_three_dimensions("ears", mixing_3d_attenuation=0, mixing_3d_reverb_enable=0)
    room.hear(settling=1, names=["telephone"])
    told = []
    last = POSES - 1 - POSES // 2
    watching = threading.Thread(target=lambda: told.extend(watch(house.client, room.number, last)), daemon=True)
    watching.start()
    wild = Wild(house.server.event_manager, room.number, room.ids["talker"])
    heard = room.hear(seconds=1.5, names=["ears", "telephone"])
    wild.finish()
    watching.join(20)
    # Every request was answered, in order.
    assert [seq for seq, _ in wild.answered] == list(range(POSES))
    assert {status for _, status in wild.answered} == {"OK"}
    # A machine that compiles beside us lets the client itself be as slow as this.
    assert wild.seconds < 5 * POSES / PER_S
    # Who watches is told in order, up to the last, and it holds.
    assert told == sorted(told) and told[-1] == last
    held = room.house.client.ok("get_participant_position", room_id=room.number, participant_id=room.ids["talker"])
    assert (held["x"], held["z"]) == (last, 100)
    # Nothing is missing of the sound, and nothing clicks.
    assert ears.click(heard["telephone"][0], 8000) < -50
    assert abs(ears.level(heard["telephone"][0], 8000, HERTZ) - LEVEL_DBFS) < 0.5
    for samples, rate in ((heard["telephone"][0], 8000), *((ear, 48_000) for ear in heard["ears"])):
        pieces = samples[: len(samples) // (rate // 50) * (rate // 50)].reshape(-1, rate // 50)
        assert min(map(ears.loudness, pieces)) > LEVEL_DBFS - 20
    for ear in heard["ears"]:
        assert ears.click(ear, 48_000) < -50
    assert house.server.alive()
    # From far at the right, where the last pose is.
    louder, _ = ears.difference(room.hear(names=["ears"])["ears"], 48_000, [HERTZ])
    assert louder > 1
    room.end()
