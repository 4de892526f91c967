"""Streams: everybody hears the same place of the music at the same time, and a console changes what that is."""

import math
import shutil
import struct
import time
import wave
import xml.etree.ElementTree as xml
from contextlib import ExitStack
from pathlib import Path

import numpy
import pytest

from harness.ear import Recording, until_heard
from harness.phone import Phone
from harness.server import Server

CONFIG = Path(__file__).resolve().parents[1] / "config"
RATE, STEP = 8000, 0.25
# Six seconds in which every quarter of a second is another tone.
SCALE = [400.0 + 80.0 * ((7 * step) % 24) for step in range(24)]
SECONDS_BEHIND, SECONDS_JUDGED = 1.3, 2.0
STREAMS = """<configuration name="local_stream.conf" description="music">
  <directory name="moh" path="{folder}/music">
    <param name="rate" value="8000"/>
    <param name="interval" value="0"/>
    <param name="timer-name" value="soft"/>
  </directory>
  <directory name="shop" path="{folder}/high.wav"/>
</configuration>
"""
NUMBER = """
    <extension name="music">
      <condition field="destination_number" expression="^5020$">
        <action application="answer"/>
        <action application="endless_playback" data="$${hold_music}"/>
      </condition>
    </extension>

    <!-- 7300 to 7699"""


def write(path, tones):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        for hertz in tones:
            angles = [2 * math.pi * hertz * n / RATE for n in range(int(RATE * STEP))]
            file.writeframes(b"".join(struct.pack("<h", int(9000 * math.sin(a))) for a in angles))


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    config = folder / "xml"
    shutil.copytree(CONFIG, config)
    (folder / "music").mkdir()
    write(folder / "music/scale.wav", SCALE)
    write(folder / "high.wav", [3000.0])
    (config / "autoload_configs/local_stream.conf.xml").write_text(STREAMS.format(folder=folder))
    dialplan = config / "dialplan/default.xml"
    text = dialplan.read_text()
    assert "    <!-- 7300 to 7699" in text
    dialplan.write_text(text.replace("    <!-- 7300 to 7699", NUMBER, 1))
    running = Server(folder / "run", xml_root=config / "freeswitch.xml")
    yield running
    running.stop()


@pytest.fixture
def phones(server, tmp_path):
    with ExitStack() as end:
        made = []
        # One hears the stream as it is decoded, the other at twice the rate.
        for user, codec in (("1005", "PCMU"), ("1006", "G722/16000")):
            phone = Phone(tmp_path / user, user, "1234", server.sip_port, 600.0, -90.0, codec=codec)
            end.callback(phone.stop)
            made.append(phone.registered())
        yield made


def dial(phone, server):
    phone.command("dial", f"sip:5020@127.0.0.1:{server.sip_port}")


def loudest(samples, rate):
    spectrum = numpy.abs(numpy.fft.rfft(samples * numpy.hanning(len(samples))))
    return int(numpy.argmax(spectrum)) * rate / len(samples)


def melody(phone):
    """The tones of the last two seconds before the call ended, ten a second."""
    recording = Recording(phone.heard()[-1])
    rate, samples = recording.rate, recording.channel(0)
    window = rate // 10
    last = samples[-int(rate * (SECONDS_JUDGED + 0.3)) : -int(rate * 0.3)]
    assert len(last) == int(rate * SECONDS_JUDGED), f"{recording.seconds} s were heard"
    return [loudest(last[at : at + window], rate) for at in range(0, len(last), window)]


def listeners(console, stream="moh"):
    for line in console.api(f"local_stream show {stream}").splitlines():
        if line.strip().startswith("total: "):
            return int(line.split(": ")[1])
    raise AssertionError(console.api(f"local_stream show {stream}"))


def wait_for_listeners(console, count, stream="moh"):
    deadline = time.monotonic() + 20
    while listeners(console, stream) != count:
        assert time.monotonic() < deadline, console.api(f"local_stream show {stream}")
        time.sleep(0.05)


def test_two_phones_hear_the_same_at_the_same_time(server, phones):
    first, second = phones

    def listen():
        with server.connect() as console:
            dial(first, server)
            wait_for_listeners(console, 1)
            time.sleep(SECONDS_BEHIND)
            dial(second, server)
            wait_for_listeners(console, 2)
            time.sleep(SECONDS_JUDGED + 1.0)
            # Both end at the same moment, so that the ends of what they heard are comparable.
            console.api("hupall")
            for phone in phones:
                phone.wait_for("CALL_CLOSED")
            wait_for_listeners(console, 0)
        return melody(first), melody(second)

    def judge(heard):
        one, other = heard
        same = [abs(a - b) < 40 for a, b in zip(one, other)]
        # A window at the edge of a tone may be heard as either.
        assert sum(same) >= 0.6 * len(same), f"{one} and {other}"
        assert len({round(hertz / 80) for hertz in one}) >= 6, f"not the scale: {one}"

    until_heard(listen, judge)


def test_a_console_tells_of_streams_and_changes_them(server, phones):
    first = phones[0]
    with server.connect() as console:
        folder = server_folder(console)
        assert console.api("local_stream show") == f"moh,{folder}/music\nshop,{folder}/high.wav\n"
        shown = console.api("local_stream show moh").splitlines()
        assert shown[:4] == ["moh", f"  location: {folder}/music", "  channels: 1", "  rate: 8000"]
        assert shown[8:] == [
            "  total: 0", "  shuffle: false", "  ready: true", "  stopped: false", "  reloading: false",
        ]
        tree = xml.fromstring(console.api("local_stream show as xml").encode("latin-1"))
        assert [one.get("name") for one in tree] == ["moh", "shop"]
        assert xml.fromstring(console.api("local_stream show shop as xml").encode("latin-1")).findtext("rate") == "8000"
        assert console.api("local_stream show none") == "-ERR no stream none\n"
        assert console.api("local_stream").startswith("-USAGE: <show|start|reload|stop|hup>")
        assert console.api("local_stream start none") == "-ERR no stream none\n"

        # It is heard until nobody listens, and then it is gone; everything else falls back to the tune.
        dial(first, server)
        wait_for_listeners(console, 1)
        assert console.api("local_stream hup moh") == "+OK\n"
        assert console.api("local_stream stop moh") == "+OK\n"
        assert "  stopped: true" in console.api("local_stream show moh").splitlines()
        console.api("hupall")
        first.wait_for("CALL_CLOSED")
        deadline = time.monotonic() + 10
        while console.api("local_stream stop moh") != "-ERR no stream moh\n":
            assert time.monotonic() < deadline, console.api("local_stream show")
            time.sleep(0.05)
        assert console.api("local_stream start moh") == "+OK\n"
        assert console.api("local_stream show") == f"shop,{folder}/high.wav\nmoh,{folder}/music\n"

        # What the files say now is taken when it is asked for.
        conf = Path(folder) / "xml/autoload_configs/local_stream.conf.xml"
        conf.write_text(conf.read_text().replace(f"{folder}/music", f"{folder}/high.wav"))
        assert console.api("reloadxml") == "+OK [Success]\n"
        assert f"  location: {folder}/music" in console.api("local_stream show moh")
        assert console.api("local_stream reload moh") == "+OK\n"
        assert f"  location: {folder}/high.wav" in console.api("local_stream show moh")


def server_folder(console):
    """Where the fixture wrote its files."""
    return console.api("local_stream show shop").splitlines()[1].removeprefix("  location: ").removesuffix("/high.wav")
