"""What channels do with each other's calls, with real telephones: handing on after a talk, listening to all, talking to both, taking
what rings, holding, waiting for a key; and what is laid over the sound of a call, looked for in it, said, hidden and sent beside it."""

import shutil
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from harness.phone import Phone
from harness.server import Server
from harness.sipp import Sipp
from harness.tape import Tapes

PATIENCE = 30
# The last one is what is looked for.
TONES = {"1001": (600.0, -12.0), "1002": (1000.0, -18.0), "1003": (1500.0, -15.0), "1004": (1100.0, -14.0)}
A, B, C, D = TONES.values()
MUSIC = (800.0, -12.0)
MUSIC_FILE = "tone_stream://v=-12;%(1000,0,800);loops=-1"
OTHER_MUSIC = (900.0, -12.0)
OTHER_MUSIC_FILE = "tone_stream://v=-12;%(1000,0,900);loops=-1"
CONFIG = Path(__file__).resolve().parents[1] / "config"
NUMBERS = """
    <extension name="take what rings">
      <condition field="destination_number" expression="^5020$">
        <action application="pickup" data="desk"/>
      </condition>
    </extension>
    <extension name="one codec of two">
      <condition field="destination_number" expression="^5021$">
        <action application="filter_codecs" data="PCMA@20i,GSM"/>
        <action application="answer"/>
        <action application="park"/>
      </condition>
    </extension>

    <!-- 7300 to 7699"""
BEEP = """<macros>
      <macro name="beep">
        <input pattern="^([0-9]+)$">
          <match>
            <action function="play-file" data="tone_stream://v=-12;%(1500,0,$1)"/>
            <action function="execute" data="set(beeped=$1)"/>
            <action function="sleep" data="1"/>
          </match>
        </input>
      </macro>"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The built-in configuration with two numbers and a phrase more."""
    folder = tmp_path_factory.mktemp("server")
    xml = folder / "xml"
    shutil.copytree(CONFIG, xml)
    for name, old, new in (
        ("dialplan/default.xml", "    <!-- 7300 to 7699", NUMBERS),
        ("lang/en.xml", "<macros>", BEEP),
    ):
        text = (xml / name).read_text()
        assert old in text, f"{name} has no {old!r}"
        (xml / name).write_text(text.replace(old, new, 1))
    running = Server(folder / "run", xml_root=xml / "freeswitch.xml")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def phones(server, tmp_path_factory):
    """One for each of `TONES`, for all tests: what they hear is taped by the server."""
    with ExitStack() as end:
        made = {}
        for user, (hertz, level) in TONES.items():
            folder = tmp_path_factory.mktemp("phones") / user
            made[user] = Phone(folder, user, "1234", server.sip_port, hertz, level)
            end.callback(made[user].stop)
        yield {user: phone.registered(PATIENCE) for user, phone in made.items()}


@pytest.fixture
def link(server, phones):
    with server.connect() as link:
        link.command(
            "event plain CHANNEL_ANSWER CHANNEL_BRIDGE CHANNEL_UNBRIDGE CHANNEL_EXECUTE CHANNEL_EXECUTE_COMPLETE "
            "CHANNEL_HANGUP_COMPLETE DETECTED_TONE DTMF MEDIA_BUG_START MEDIA_BUG_STOP PLAYBACK_START PLAYBACK_STOP"
        )
        yield link
        link.api("hupall")
        settled(lambda: link.api("show channels count"), lambda said: said.startswith("\n0 total"))


def other_phone(server, folder, user, **how):
    made = Phone(folder / user, user, "1234", server.sip_port, 440.0, -12.0, **how)
    return made.registered(PATIENCE)


def settled(read, wanted):
    deadline = time.monotonic() + PATIENCE
    while not wanted(value := read()):
        assert time.monotonic() < deadline, value
        time.sleep(0.05)
    return value


def made(link, what):
    answer = link.api(f"originate {what}", PATIENCE)
    assert answer.startswith("+OK "), answer
    return answer[4:].strip()


def bridged(link, first="1001", second="1002"):
    leg = made(link, f"user/{first} &bridge(user/{second})")
    return leg, link.wait_for("CHANNEL_BRIDGE", PATIENCE, Bridge_A_Unique_ID=leg)["Bridge-B-Unique-ID"]


def run(link, leg, application, data=""):
    reply = link.command(
        f"sendmsg {leg}\ncall-command: execute\nexecute-app-name: {application}\nexecute-app-arg: {data}"
    )
    assert reply.reply.startswith("+OK"), reply.reply


def names_until(link, last):
    """The names of the events that come, up to that one."""
    names = []
    while not names or names[-1] != last:
        frame = link.events.pop(0) if link.events else link.read(PATIENCE)
        names.append(frame.event()["Event-Name"])
    return names


class TestHandingOn:
    """`att_xfer`"""

    @pytest.fixture
    def consulting(self, server, link):
        """1001 and 1002 talked; 1001 talks to 1003 now."""
        first, second = bridged(link)
        assert link.api(f"uuid_setvar {first} hold_music {MUSIC_FILE}") == "+OK\n"
        run(link, first, "att_xfer", "user/1003")
        third = link.wait_for("CHANNEL_BRIDGE", PATIENCE, Bridge_A_Unique_ID=first)["Bridge-B-Unique-ID"]
        legs = {"first": first, "second": second, "third": third}
        tapes = Tapes(server, link, legs)
        tapes.hears("first", C)
        tapes.hears_nothing_of("first", B)
        tapes.hears("second", MUSIC)
        tapes.hears_nothing_of("second", A, C)
        tapes.hears("third", A)
        tapes.hears_nothing_of("third", B, MUSIC)
        return legs

    def test_who_hangs_up_connects_the_others(self, server, link, phones, consulting):
        phones["1001"].command("hangup")
        bridge = link.wait_for("CHANNEL_BRIDGE", PATIENCE)
        others = {consulting["second"], consulting["third"]}
        assert {bridge["Bridge-A-Unique-ID"], bridge["Bridge-B-Unique-ID"]} == others
        del consulting["first"]
        tapes = Tapes(server, link, consulting)
        tapes.hears("second", C)
        tapes.hears_nothing_of("second", MUSIC)
        tapes.hears("third", B)

    def test_the_cancel_key_leads_back(self, server, link, phones, consulting):
        phones["1001"].press("#")
        link.wait_for("CHANNEL_HANGUP_COMPLETE", PATIENCE, Unique_ID=consulting.pop("third"))
        # The bridge may be told before that.
        settled(lambda: link.api(f"uuid_getvar {consulting['first']} bridge_uuid"), lambda u: u == consulting["second"])
        tapes = Tapes(server, link, consulting)
        tapes.hears("first", B)
        tapes.hears_nothing_of("first", C)
        tapes.hears("second", A)
        tapes.hears_nothing_of("second", MUSIC)


def test_a_call_that_rings_is_taken_by_a_number(server, link, phones, tmp_path):
    ringing = other_phone(server, tmp_path, "1005", answers=False)
    try:
        first = made(link, "user/1001 &bridge(user/1005,pickup/desk)")
        ringing.wait_for("CALL_INCOMING", PATIENCE)
        phones["1003"].command("dial", f"sip:5020@127.0.0.1:{server.sip_port}")
        bridge = link.wait_for("CHANNEL_BRIDGE", PATIENCE, Bridge_A_Unique_ID=first)
        assert bridge["Other-Leg-Callee-ID-Number"] == "1003"
        ended = {}
        while len(ended) < 2:
            over = link.wait_for("CHANNEL_HANGUP_COMPLETE", PATIENCE)
            ended[over["Channel-Name"].split("-0x")[0]] = over["Hangup-Cause"]
        assert ended == {"pickup/desk": "LOSE_RACE", "sofia/internal/1005": "LOSE_RACE"}
        ringing.wait_for("CALL_CLOSED", PATIENCE)
        taker = bridge["Bridge-B-Unique-ID"]
        tapes = Tapes(server, link, {"first": first, "taker": taker})
        tapes.hears("first", C)
        tapes.hears("taker", A)
        phones["1003"].command("hangup")
        over = link.wait_for("CHANNEL_HANGUP_COMPLETE", PATIENCE, Unique_ID=first)
        assert over["Hangup-Cause"] == "NORMAL_CLEARING"
    finally:
        ringing.stop()


def test_both_hear_music_until_the_key_is_pressed(server, link, phones):
    first, second = bridged(link)
    legs = {"first": first, "second": second}
    run(link, first, "soft_hold", f"3 {MUSIC_FILE} {OTHER_MUSIC_FILE}")
    for leg in (first, second):
        link.wait_for("PLAYBACK_START", PATIENCE, Unique_ID=leg)
    tapes = Tapes(server, link, legs)
    tapes.hears("first", MUSIC)
    tapes.hears_nothing_of("first", B, OTHER_MUSIC)
    tapes.hears("second", OTHER_MUSIC)
    tapes.hears_nothing_of("second", A, MUSIC)
    phones["1001"].press("3")
    for leg in (first, second):
        link.wait_for("PLAYBACK_STOP", PATIENCE, Unique_ID=leg)
    tapes = Tapes(server, link, legs)
    tapes.hears("first", B)
    tapes.hears_nothing_of("first", MUSIC)
    tapes.hears("second", A)
    tapes.hears_nothing_of("second", OTHER_MUSIC)


def test_a_phrase_is_heard_as_an_application_and_as_a_file(server, link):
    leg = made(link, "user/1001 &park()")
    for application, data, hertz in (("phrase", "beep,700", 700.0), ("playback", "phrase:beep:900", 900.0)):
        run(link, leg, application, data)
        link.wait_for("PLAYBACK_START", PATIENCE, Unique_ID=leg)
        tapes = Tapes(server, link, {"first": leg}, seconds=0.8)
        link.wait_for("CHANNEL_EXECUTE_COMPLETE", PATIENCE, Unique_ID=leg, Application=application)
        tapes.hears("first", (hertz, -12.0))
    assert link.api(f"uuid_getvar {leg} beeped") == "700"
    # What is compiled in: "you have", a number, "messages".
    run(link, leg, "phrase", "msgcount,21")
    said = link.wait_for("CHANNEL_EXECUTE_COMPLETE", PATIENCE, Unique_ID=leg, Application="phrase")
    assert said["Application-Response"] == "FILE PLAYED"
    assert int(said["variable_playback_ms"]) > 1200


def test_an_announcement_is_heard_by_all_and_nobody_waits_for_it(server, link):
    pager = made(link, "null/pager &park()")
    # 3 s: time to be taped.
    file = "tone_stream://v=-12;%(3000,0,800)"
    run(link, pager, "page", f"(page_path={file})<sip_auto_answer=true,colour=red>user/1001:_:user/1002:_:error/USER_BUSY")
    link.wait_for("CHANNEL_EXECUTE_COMPLETE", PATIENCE, Unique_ID=pager, Application="page")
    legs = {}
    while len(legs) < 2:
        begun = link.wait_for("PLAYBACK_START", PATIENCE)
        assert begun["variable_colour"] == "red"
        legs[begun["Channel-Name"].split("/")[2].split("-0x")[0]] = begun["Unique-ID"]
    assert set(legs) == {"1001", "1002"}
    tapes = Tapes(server, link, legs)
    for user in legs:
        tapes.hears(user, MUSIC)
    ended = set()
    while len(ended) < 2:
        over = link.wait_for("CHANNEL_HANGUP_COMPLETE", PATIENCE)
        if over["Unique-ID"] in legs.values():
            assert over["Hangup-Cause"] == "NORMAL_CLEARING"
            ended.add(over["Unique-ID"])
    assert link.api(f"uuid_exists {pager}") == "true"


def test_a_caller_gets_the_codecs_that_are_left(server, link, tmp_path):
    caller = other_phone(server, tmp_path, "1006", codec="PCMU,PCMA")
    try:
        for number, codec in (("5000", "PCMU"), ("5021", "PCMA")):
            caller.command("dial", f"sip:{number}@127.0.0.1:{server.sip_port}")
            leg = link.wait_for("CHANNEL_ANSWER", PATIENCE)["Unique-ID"]
            settled(lambda: link.api(f"uuid_getvar {leg} read_codec"), lambda said: said == codec)
            assert link.api(f"uuid_getvar {leg} write_codec") == codec
            link.api(f"uuid_kill {leg}")
            link.wait_for("CHANNEL_HANGUP_COMPLETE", PATIENCE, Unique_ID=leg)
    finally:
        caller.stop()


def test_keys_that_are_dropped_are_told_to_nobody(link, phones):
    leg = made(link, "user/1001 &park()")
    assert link.api(f"uuid_drop_dtmf {leg} on") == "+OK\n"
    phones["1001"].press("4")
    assert link.api(f"uuid_drop_dtmf {leg} off") == "+OK\n"
    phones["1001"].press("5")
    assert link.wait_for("DTMF", PATIENCE, Unique_ID=leg)["DTMF-Digit"] == "5"


def test_all_three_talk(server, link):
    first, second = bridged(link)
    third = made(link, f"user/1003 &three_way({first})")
    link.wait_for("MEDIA_BUG_START", PATIENCE, Unique_ID=first)
    tapes = Tapes(server, link, {"first": first, "second": second, "third": third})
    tapes.hears("first", B, C)
    tapes.hears("second", A, C)
    tapes.hears("third", A, B)


def test_a_listener_to_all_goes_from_call_to_call(server, link, phones):
    first = made(link, "user/1001 &park()")
    second = made(link, "user/1002 &park()")
    listener = made(link, "user/1003 &eavesdrop(all)")
    link.wait_for("MEDIA_BUG_START", PATIENCE, Unique_ID=first)
    tapes = Tapes(server, link, {"third": listener})
    tapes.hears("third", A)
    tapes.hears_nothing_of("third", B)
    phones["1003"].press("*")
    link.wait_for("MEDIA_BUG_STOP", PATIENCE, Unique_ID=first)
    link.wait_for("MEDIA_BUG_START", PATIENCE, Unique_ID=second)
    tapes = Tapes(server, link, {"third": listener})
    tapes.hears("third", B)
    tapes.hears_nothing_of("third", A)


@pytest.mark.parametrize("how", ["uuid_displace", "mux", "what it says"])
def test_a_tone_in_the_place_of_a_call_or_with_it(server, link, how):
    first, second = bridged(link)
    if how == "what it says":
        run(link, first, "displace_session", f"{MUSIC_FILE} rl")
    else:
        assert link.api(f"uuid_displace {first} start {MUSIC_FILE} 0 {how}") == "+OK Success\n"
    link.wait_for("MEDIA_BUG_START", PATIENCE, Media_Bug_Function="displace")
    legs = {"first": first, "second": second}
    tapes = Tapes(server, link, legs)
    if how == "what it says":
        tapes.hears("first", B)
        tapes.hears("second", MUSIC)
        tapes.hears_nothing_of("second", A)
        run(link, first, "stop_displace_session", MUSIC_FILE)
    else:
        tapes.hears("first", MUSIC)
        (tapes.hears if how == "mux" else tapes.hears_nothing_of)("first", B)
        tapes.hears("second", A)
        assert link.api(f"uuid_displace {first} stop {MUSIC_FILE}") == "+OK Success\n"
    link.wait_for("MEDIA_BUG_STOP", PATIENCE, Media_Bug_Function="displace")
    tapes = Tapes(server, link, legs)
    tapes.hears("first", B)
    tapes.hears("second", A)
    tapes.hears_nothing_of("first", MUSIC)
    tapes.hears_nothing_of("second", MUSIC)


def test_a_tone_is_told_once_and_another_not(link, phones):
    leg = made(link, "user/1004 &park()")
    run(link, leg, "tone_detect", "other 700 r 0 set other=1 1")
    run(link, leg, "tone_detect", "test 1100 r +20000 set found=yes 1")
    told = link.wait_for("DETECTED_TONE", PATIENCE, Unique_ID=leg)
    assert told["Detected-Tone"] == "test"
    settled(lambda: link.api(f"uuid_getvar {leg} found"), lambda value: value == "yes")
    # It goes on, and begins anew when the phone is muted for a while.
    for _ in range(2):
        phones["1004"].command("mute")
        time.sleep(0.7)
    assert link.api(f"uuid_getvar {leg} other") == "_undef_"
    link.api(f"uuid_kill {leg}")
    assert "DETECTED_TONE" not in names_until(link, "CHANNEL_HANGUP_COMPLETE")


def test_a_second_caller_waits_for_the_key_of_the_first(server, link, phones):
    first = made(link, f"user/1001 'm:^:mutex:desk^playback:{MUSIC_FILE}' inline")
    link.wait_for("CHANNEL_EXECUTE_COMPLETE", PATIENCE, Unique_ID=first, Application="mutex")
    second = made(link, f"user/1002 'm:^:mutex:desk^playback:{MUSIC_FILE}' inline")
    link.wait_for("CHANNEL_EXECUTE", PATIENCE, Unique_ID=second, Application="mutex")
    legs = {"first": first, "second": second}
    tapes = Tapes(server, link, legs)
    tapes.hears("first", MUSIC)
    tapes.hears_nothing_of("second", MUSIC)
    phones["1001"].command("hangup")
    link.wait_for("CHANNEL_EXECUTE_COMPLETE", PATIENCE, Unique_ID=second, Application="mutex")
    del legs["first"]
    Tapes(server, link, legs).hears("second", MUSIC)


@pytest.fixture
def callee(server, tmp_path):
    sipp = Sipp(server, "callee", tmp_path)
    yield sipp.listening()
    sipp.stop()


@pytest.mark.parametrize("hidden", ["no", "name", "full"])
def test_who_calls_and_does_not_want_to_be_known(link, callee, hidden):
    caller = made(
        link,
        "{origination_caller_id_name=Alice,origination_caller_id_number=5551234}user/1001 "
        f"'set:effective_caller_id_name=Alice,set:effective_caller_id_number=5551234,privacy:{hidden},"
        f"bridge:sofia/internal/1009@127.0.0.1:{callee.port}' inline",
    )
    link.wait_for("CHANNEL_BRIDGE", PATIENCE, Bridge_A_Unique_ID=caller)
    invite = callee.received(r"^INVITE ")
    lines = {name.lower(): value for name, value in (line.split(": ", 1) for line in invite.split("\n\n")[0].splitlines()[1:])}
    sender, party = lines["from"], lines["remote-party-id"]
    if hidden == "no":
        assert '"Alice"' in sender and "sip:5551234@" in sender and "privacy" not in lines
        assert "privacy=off" in party
    else:
        assert "Alice" not in invite and '"Anonymous"' in sender
        if hidden == "name":
            assert "sip:5551234@" in sender and "privacy" not in lines
            assert "privacy=name" in party
        else:
            assert "5551234" not in invite and "sip:anonymous@anonymous.invalid" in sender
            assert lines["privacy"] == "id" and "privacy=full" in party
    link.api(f"uuid_kill {caller}")
    callee.finish()


def test_what_is_sent_to_a_phone_within_its_call(link, callee):
    leg = made(link, f"sofia/internal/1009@127.0.0.1:{callee.port} &park()")
    run(link, leg, "send_info", "ring the bell")
    info = callee.received(r"^INFO [^\n]*\n(.*\n)*Content-Type: freeswitch/data")
    assert info.rstrip().endswith("\n\nring the bell")
    run(link, leg, "send_display", "Bob|5556789")
    shown = callee.received(r"^INFO [^\n]*\n(.*\n)*Content-Type: message/sipfrag")
    assert 'To: "Bob" 5556789' in shown
    link.api(f"uuid_kill {leg}")
    callee.finish()
