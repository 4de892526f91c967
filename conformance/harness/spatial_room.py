"""Rooms in which telephones of ours talk and listen, moved and set through the Event Manager door."""

import itertools
import json

from .event_manager import EventManager
from .room_legs import Leg, RoomLegs
from .server import Server

# To the right and forward; who sits in the middle looks to the front, the others to the middle.
SEATS_CM = {"middle": (0, 0), "front": (0, 100), "right": (100, 0), "behind": (0, -100), "left": (-100, 0)}
LAYOUTS = {
    "default": "open",
    "room_list": {
        "open": {"id": 1, "openRoom": True, "seats": [{"x": 0, "y": 0, "z": 0}]},
        "seats": {"id": 2, "allowParticipantStacking": True,
                  "seats": [{"x": x, "y": 0, "z": z} for x, z in SEATS_CM.values()]},
    },
}
OPEN, SEATS = 1, 2
# Sound is on its way: what was asked for is heard within this, with the server's delay and that of Opus.
SETTLING_S = 0.3


class SpatialHouse:
    """A server whose first layout is open, with a client, a console, and telephones to bring in."""

    def __init__(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        layouts = folder / "room_layout.json"
        layouts.write_text(json.dumps(LAYOUTS))
        self.server = Server(folder / "run", layouts=layouts, event_manager="extended_controls = true")
        self.phones = RoomLegs(self.server.missed_ticks)
        self.client = EventManager(self.server.event_manager)
        self.console = self.server.connect()
        self._numbers = itertools.count(4001)

    def room(self, layout=OPEN):
        return Room(self, next(self._numbers), layout)

    def stop(self):
        try:
            self.console.close()
            self.client.close()
            self.server.stop()
        finally:
            self.phones.stop()


class Room:
    """One room; its people are known by the names of their telephones."""

    def __init__(self, house, number, layout):
        self.house, self.number, self.phones = house, number, house.phones
        self.ids, self.legs = {}, {}
        house.client.ok("create_room", room_id=number, layout_id=layout)

    def join(self, name, **kind):
        """A telephone is called and is in the room; `kind` as for `Leg`."""
        leg = self.phones.add(Leg(f"{name}-{self.number}", **kind))
        answer = self.house.console.api(
            f"originate {self.phones.dial_string(leg)} &conference({self.number}@default)"
        )
        assert answer.startswith("+OK"), f"{answer}\n{self.house.server.log()}"
        self.ids[name] = self.house.client.until("IMM_EVENT_ADD_PARTICIPANT", room_id=self.number)["participant_id"]
        self.legs[name] = leg
        return leg

    def _ask(self, command, name, **keys):
        return self.house.client.ok(command, room_id=self.number, participant_id=self.ids[name], **keys)

    def set(self, name, **controls):
        """Controls by the end of their names: `mixing_3d_enable=1`; ours begin with `pbx_`."""
        for control, value in controls.items():
            control = control.upper()
            prefix = "PBX_CONTROL_" if control.startswith("PBX_") else "IMM_CONTROL_"
            self._ask("set_participant_state", name, control_to_edit=prefix + control.removeprefix("PBX_"), value=value)

    def set_all(self, control, value):
        self.house.client.ok("set_all_participants_state", room_id=self.number,
                             control_to_edit=f"IMM_CONTROL_{control.upper()}", value=value)

    def put(self, name, x, z, azimuth=0):
        """Centimetres to the right and forward, degrees to the right."""
        self._ask("set_participant_position", name, x=x, y=0, z=z, azimuth_heading=azimuth, elevation_heading=0)

    def seat(self, name, seat):
        self._ask("set_participant_seat", name, seat_id=1 + list(SEATS_CM).index(seat))

    def layout(self, layout):
        self.house.client.ok("set_room_layout", room_id=self.number, layout_id=layout)

    def in_three_dimensions(self, *names, **controls):
        """Turns it on for those and waits until it is heard: just started, the server still computes its ears."""
        for name in names:
            self.set(name, mixing_3d_enable=1, **controls)
        self.phones.wait(lambda: all(self.legs[name].hears_two_channels() for name in names))

    def hear(self, seconds=0.5, settling=SETTLING_S, names=None):
        """What people hear when everything that was asked for has arrived, by name."""
        legs = {name: self.legs[name] for name in names or self.legs}
        if settling:
            self.phones.listen(settling, legs.values())
        heard = self.phones.in_time(lambda: self.phones.listen(seconds, legs.values()))
        return {name: heard[leg.name] for name, leg in legs.items()}

    def end(self):
        self.house.client.ok("destroy_room", room_id=self.number)
        self.house.client.until("IMM_EVENT_DESTROY_ROOM", room_id=self.number)
