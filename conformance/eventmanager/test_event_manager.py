"""Every command of the Event Manager door over TLS, with a client of another making, and every error a client can cause.

Not here are those a client cannot: -9986, as a switch that has stopped closes its doors, and -8999, which would be a defect.
"""

import time

import pytest
from websockets.exceptions import InvalidStatus

from harness.event_manager import EventManager
from harness.phone import Phone
from harness.server import Server

LAYOUTS = """{"default": "table4", "room_list": {
  "table4": {"id": 1, "desc": "Four", "seats": [
    {"x": 0, "y": 0, "z": 90}, {"x": 90, "y": 0, "z": 0}, {"x": 0, "y": 0, "z": -90}, {"x": -90, "y": 0, "z": 0}]},
  "open": {"id": 2, "openRoom": true, "seats": [{"x": 0, "y": 0, "z": 0}]}}}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    layouts = tmp_path_factory.mktemp("layouts") / "room_layout.json"
    layouts.write_text(LAYOUTS)
    running = Server(tmp_path_factory.mktemp("server") / "run", layouts=layouts)
    yield running
    running.stop()


@pytest.fixture
def url(server):
    return server.event_manager


@pytest.fixture
def client(url):
    client = EventManager(url)
    yield client
    for room in client.ok("get_all_rooms")["rooms"]:
        client.ok("destroy_room", room_id=room["room_id"])
    client.close()


@pytest.fixture
def room(client):
    """Room 12 with Ana, 3, and Bo, 4."""
    client.ok("create_room", room_id=12)
    for number, name in [(3, "Ana"), (4, "Bo")]:
        client.ok("add_participant", room_id=12, participant_id=number, participant_name=name)
    return client


def ana(client, command, **keys):
    return client.ok(command, room_id=12, participant_id=3, **keys)


def test_nobody_comes_in_without_the_header(url):
    # Five failures would close the door for this address.
    for header in [None, "Immersitech: wrong", "immersitech: i_am_valid_immersitech_please_accept_me"]:
        with pytest.raises(InvalidStatus) as refused:
            EventManager(url, header=header)
        assert refused.value.response.status_code == 403
        assert refused.value.response.body == b"Event Manager: handshake authentication failed."
    EventManager(url, header="IMMERSITECH: I_am_valid_immersitech_please_accept_me", path="/any/where").close()


def test_the_library(client):
    assert client.ok("get_version")["version"].startswith("v")
    assert client.ok("get_license_info")["license_info"]["valid"] is True
    assert client.ok("get_library_configuration")["output_sampling_rate"] == 48000
    assert client.ok("get_json_all_room_layouts")["room_list"]["open"]["id"] == 2
    assert client.ok("show_room_configs")["default"] == "table4"
    assert client.ok("get_defined_states")["value"].split(" | ")[0] == "IMM_CONTROL_STEREO_BYPASS_ENABLE"
    client.ok("set_log_level", value=2)
    client.ok("enable_logging", value=True)
    client.ok("enable_logging", value=0)


def test_rooms(client):
    assert client.ok("create_room", room_id=12, name="sales", description="x", layout_id=2)["room_id"] == 12
    client.until("IMM_EVENT_CREATE_ROOM", room_id=12, room_name="sales")
    assert client.ok("create_room", room_id="support")["room_id"] >= 1_000_000_000
    assert client.ok("get_room_count")["value"] == 2
    assert client.ok("get_room_layout", room_id="sales")["layout_id"] == 2
    client.ok("set_room_layout", room_id=12, layout_id=1)
    client.until("IMM_EVENT_SET_ROOM_LAYOUT", layout_id=1)
    client.ok("change_room_config", room_id="12", room_config_id="2")
    assert client.ok("get_participant_count", room_id=12)["participant_count"] == 0
    assert client.ok("get_room", room_id=12)["room"]["open_room"] is True
    assert client.ok("show_room_by_id", room_id="support")["room"]["name"] == "support"
    assert [room["name"] for room in client.ok("show_rooms")["rooms"]] == ["sales", "support"]
    client.ok("destroy_room", room_id=12)
    client.until("IMM_EVENT_DESTROY_ROOM", room_id=12)


def test_participants(room):
    assert ana(room, "get_participant_name")["participant_name"] == "Ana"
    ana(room, "set_participant_name", name="Ann")
    room.until("IMM_EVENT_SET_NAME", name="Ann")
    assert ana(room, "get_participant_configuration")["type"] == 1
    ana(room, "flush_data")
    assert len(room.ok("get_all_participants", room_id=12)["participants"]) == 2
    ana(room, "remove_participant")
    room.until("IMM_EVENT_REMOVE_PARTICIPANT", participant_id=3)


def test_seats_and_positions(room):
    seat = ana(room, "get_participant_seat")["seat"]
    assert seat == {"id": 1, "position": {"x": 0, "y": 0, "z": 90},
                    "heading": {"azimuth_heading": 180, "elevation_heading": 0}}
    ana(room, "move_seat", seat_index=3)
    room.until("IMM_EVENT_SET_PARTICIPANT_SEAT", participant_id=3, seat_id=3)
    ana(room, "set_participant_seat", seat_id=4)
    room.ok("set_room_layout", room_id=12, layout_id=2)
    ana(room, "set_participant_position", x=0, y=0, z=0, azimuth_heading=0, elevation_heading=0)
    room.ok("set_participant_position", room_id=12, participant_id=4, position={"x": -100, "y": 0, "z": 0})
    room.until("IMM_EVENT_SET_PARTICIPANT_POSITION", participant_id=4)
    assert ana(room, "get_participant_seat")["seat_id"] == -1
    assert ana(room, "get_participant_position")["heading"] == {"azimuth_heading": 0, "elevation_heading": 0}
    heard = room.ok("get_participant_spherical", room_id=12, listener_id=3, source_id=4)
    assert (heard["azimuth"], heard["elevation"], heard["distance"]) == (-90, 0, 100)


def test_states(room):
    ana(room, "set_participant_state", control_to_edit=2, value=1)
    room.until("IMM_EVENT_SET_PARTICIPANT_STATE", control_to_edit=2, value=1)
    assert ana(room, "get_participant_state", control_to_edit="IMM_CONTROL_MUTE_ENABLE")["value"] == 1
    room.ok("set_all_participants_state", room_id=12, control_to_edit="IMM_CONTROL_DEVICE", value="IMM_DEVICE_SPEAKER")
    room.until("IMM_EVENT_SET_ALL_PARTICIPANTS_STATE", control_to_edit=10, value=2)
    states = room.ok("get_all_participants_state", room_id=12, control_to_edit=10)["participants"]
    assert states == [{"participant_id": 3, "value": 2}, {"participant_id": 4, "value": 2}]


def test_custom_events_reach_everybody(url, room):
    other = EventManager(url)
    room.ok("custom_event", room_id=12, topic="hand", participant_id=3)
    for client in (room, other):
        told = client.until("custom_event")
        assert told == {"Event": "custom_event", "room_id": 12, "topic": "hand", "participant_id": 3}
    other.close()


ONE = {"room_id": 12, "participant_id": 3}


@pytest.mark.parametrize("code, command, keys", [
    (-9996, "add_participant", {"room_id": 12, "participant_id": 9, "input_number_channels": 3}),
    (-9995, "add_participant", {"room_id": 12, "participant_id": 9, "input_sampling_rate": 44100}),
    (-9993, "get_room_layout", {"room_id": 77}),
    (-9993, "create_room", {"room_id": 12}),
    (-9992, "flush_data", {"room_id": 12, "participant_id": 33}),
    (-9992, "add_participant", ONE),
    (-9991, "get_participant_state", {**ONE, "control_to_edit": 0}),
    (-9991, "get_participant_state", {**ONE, "control_to_edit": 15}),
    (-9990, "set_participant_state", {**ONE, "control_to_edit": 7, "value": 41}),
    (-9990, "set_participant_position", {**ONE, "x": 0, "y": 0, "z": 0}),
    (-9990, "set_participant_seat", {**ONE, "seat_id": 5}),
    (-9990, "set_room_layout", {"room_id": 12, "layout_id": 9}),
    (-9990, "get_room", {}),
    (-9990, "make_coffee", {}),
    (-9989, "set_participant_position", {**ONE, "x": 0, "y": 0, "z": 0, "azimuth_heading": 181}),
])
def test_mistakes_have_their_numbers(room, code, command, keys):
    assert room.refused(code, command, **keys).startswith("IMM_ERROR_")


def test_too_many_commands_are_refused_and_the_connection_stays(url):
    # Far more than 2,000 at once and 1,500 in each second it takes to answer them.
    client, codes, begun = EventManager(url), [], time.monotonic()
    for _ in range(24):
        for _ in range(500):
            client.say('{"Command": "get_room_count"}')
        codes += [client.reply()["Error Code"] for _ in range(500)]
    client.close()
    allowed = 2000 + 1500 * (time.monotonic() - begun)
    assert set(codes) <= {-10000, -9000} and codes[:2000] == [-10000] * 2000
    assert codes.count(-10000) <= allowed + 1
    if allowed >= len(codes):
        pytest.skip("this server answers no faster than a client may ask")


def test_a_page_of_a_stranger_is_refused_where_the_header_is_no_barrier(url):
    # The header is one: whoever has it is no page.
    EventManager(url, origin="https://evil.example").close()
    with pytest.raises(InvalidStatus) as refused:
        EventManager(url, header=None, path="/?Immersitech=x", origin="https://evil.example")
    assert refused.value.response.status_code == 403
    assert refused.value.response.body == b"Event Manager: pages of this origin may not connect."


def test_what_is_no_request_is_answered_and_the_connection_stays(client):
    for text in ["no json", "[]", "{}", "5"]:
        client.say(text)
        assert client.reply()["Error Code"] == -9990
    client.say('{ "seq": 12.50, "Command": "get_version" }')
    assert client.reply()["Request"]["seq"] == 12.5


def test_too_much_at_once_ends_the_connection(url):
    client = EventManager(url)
    client.say('"' + "x" * (1 << 20) + '"')
    assert client.end() == 1009


def test_a_telephone_is_a_participant_and_both_sides_are_told(server, client, tmp_path):
    phone = Phone(tmp_path / "1001", "1001", "1234", server.sip_port, 700, -10)
    try:
        phone.registered()
        with server.connect() as console:
            console.command("event plain CUSTOM immersitech::maintenance")
            console.command("bgapi originate user/1001 &conference(4711@default)")
            added = client.until("IMM_EVENT_ADD_PARTICIPANT", room_id=4711)
            told = console.wait_for("CUSTOM", Action="immersitech-add-participant")
            number = added["participant_id"]
            assert told["Participant-Id"] == str(number) and told["Room-Id"] == "4711"
            client.until("custom_event", room_id=4711, participant_id=str(number), action="start-talking")
            client.ok("set_participant_state", room_id=4711, participant_id=number,
                      control_to_edit="IMM_CONTROL_MUTE_ENABLE", value=True)
            client.until("IMM_EVENT_SET_PARTICIPANT_STATE", participant_id=number, value=1)
            # Who may speak, says the conference (event-socket.md §6.6).
            assert "speak" not in console.api("conference 4711 list")
            seat = console.api(f"imm_adapter get_participant_seat 4711 {number}")
            assert seat.startswith(f"Participant {number} in Room 4711 position:\nID: 1\n"), seat
            console.send("sendevent CUSTOM\nEvent-Subclass: immersitech::custom_event\nRoom-Id: 4711\n"
                         "Content-Length: 16\n\n{\"topic\":\"hand\"}")
            client.until("custom_event", room_id=4711, topic="hand")
            console.api(f"conference 4711 record {tmp_path}/4711.wav")
            recorder = client.until("IMM_EVENT_ADD_PARTICIPANT", room_id=4711, participant_name="recorder")
            assert recorder["type"] == 3
            refused = client.refused(-9987, "remove_participant", room_id=4711,
                                     participant_id=recorder["participant_id"])
            assert refused.startswith("IMM_ERROR_PARTICIPANT_TYPE: ")
            console.api("conference 4711 norecord all")
            client.until("IMM_EVENT_REMOVE_PARTICIPANT", participant_id=recorder["participant_id"])
            client.ok("remove_participant", room_id=4711, participant_id=number)
            client.until("IMM_EVENT_DESTROY_ROOM", room_id=4711)
    finally:
        phone.stop()
