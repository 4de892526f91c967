"""Sound under the control of a program, heard with phones that are not ours: programs beside a channel (unicast), two phones
that talk past the server, eavesdroppers, calls taken over."""

import socket
import threading
import time

import numpy
import pytest

from harness.ear import Recording, assert_tone, tone_near
from harness.phone import Phone
from harness.ports import free_port

# Longest time for what needs a busy machine to come round.
PATIENCE = 30
TONES = {"1001": (600.0, -12.0), "1002": (1000.0, -18.0), "1003": (1500.0, -15.0)}
PROGRAM_HZ, PROGRAM_DBFS = 800.0, -14.0
RATE = 8000
FRAME = RATE // 50


def codes_to_samples(payload):
    """G.711 µ-law (RFC 3551 §4.5.14)."""
    codes = ~numpy.frombuffer(payload, dtype=numpy.uint8)
    top = ((codes & 0x0F).astype(int) << 3) + 0x84
    size = (top << ((codes >> 4) & 7)) - 0x84
    return numpy.where(codes & 0x80, -size, size).astype("<i2")


class Program:
    """Hears a channel and plays a tone to it; `native` sends back what comes."""

    def __init__(self, tcp=False, native=False):
        self.heard = bytearray()
        self.native = native
        self._stop = threading.Event()
        self.port = free_port()
        kind = socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM
        self._socket = socket.socket(socket.AF_INET, kind)
        self._socket.bind(("127.0.0.1", self.port))
        self._socket.settimeout(0.2)
        if tcp:
            self._socket.listen(1)
        self._tcp = tcp
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        peer, at, link = None, 0, self._socket
        while not self._stop.is_set():
            try:
                if self._tcp and peer is None:
                    link, peer = self._socket.accept()
                    link.settimeout(0.2)
                if self._tcp:
                    came = link.recv(4096)
                    if not came:
                        return
                else:
                    came, peer = link.recvfrom(4096)
            except (TimeoutError, ConnectionError):
                continue
            self.heard += came
            if self.native:
                said = came
            else:
                # As much as came: the server is the clock.
                count = len(came) // 2
                times = numpy.arange(at, at + count) / RATE
                at += count
                tone = 10 ** (PROGRAM_DBFS / 20) * numpy.sin(2 * numpy.pi * PROGRAM_HZ * times)
                said = (tone * 32767).round().astype("<i2").tobytes()
            try:
                link.sendall(said) if self._tcp else link.sendto(said, peer)
            except OSError:
                return

    def wait_for(self, size):
        deadline = time.monotonic() + PATIENCE
        while len(self.heard) < size:
            assert time.monotonic() < deadline, f"the program heard {len(self.heard)} bytes"
            time.sleep(0.05)

    def samples(self):
        heard = bytes(self.heard)
        whole = codes_to_samples(heard) if self.native else numpy.frombuffer(heard[: len(heard) // 2 * 2], "<i2")
        return whole.astype(float) / 32768.0

    def stop(self):
        self._stop.set()
        self._thread.join(5)
        self._socket.close()


class HastyPhone(Phone):
    """Plays what comes when it comes. The buffer of baresip takes the packets of another phone for late ones of the server
    when their numbers happen to be lower, although it sees the stream change."""

    def _write_config(self, *args):
        super()._write_config(*args)
        config = self.folder / "config"
        config.write_text(config.read_text().replace("jitter_buffer_delay 2-8", "jitter_buffer_delay 0-0"))


def phone(server, folder, user, kind=Phone):
    hertz, level = TONES[user]
    made = kind(folder / user, user, "1234", server.sip_port, hertz, level)
    return made.registered(PATIENCE)


@pytest.fixture
def phones_of_all(server, tmp_path):
    """One for each of `TONES`."""
    phones = []
    try:
        for user in TONES:
            phones.append(phone(server, tmp_path, user))
        yield phones
    finally:
        for made in phones:
            made.stop()


def hears(path, hertz, level, what):
    recording = Recording(path)
    assert_tone(recording.channel(0), recording.rate, hertz, level, what)


def level_in(path, hertz, seconds):
    """How loud a tone is in the last seconds a phone heard."""
    recording = Recording(path)
    samples = recording.channel(0)[-int(seconds * recording.rate):]
    return tone_near(samples, recording.rate, hertz)[1]


@pytest.mark.parametrize("transport", ["udp", "tcp", "native"])
def test_a_program_hears_a_parked_phone_and_is_heard(server, tmp_path, transport):
    program = Program(tcp=transport == "tcp", native=transport == "native")
    talker = phone(server, tmp_path, "1001")
    try:
        with server.connect() as link:
            leg = link.api("originate user/1001 &park()", PATIENCE).split()[1]
            wire = "transport: tcp" if transport == "tcp" else "transport: udp"
            flags = "\nflags: native" if transport == "native" else ""
            reply = link.command(
                f"sendmsg {leg}\ncall-command: unicast\nlocal-port: {free_port()}\n"
                f"remote-port: {program.port}\n{wire}{flags}"
            )
            assert reply.reply == "+OK"
            # Three seconds of sound, whatever time they take.
            program.wait_for(3 * RATE * (1 if transport == "native" else 2))
            link.api(f"uuid_kill {leg}")
        talker.wait_for("CALL_CLOSED", PATIENCE)
    finally:
        program.stop()
        talker.stop()
    samples = program.samples()
    assert_tone(samples, RATE, *TONES["1001"], "the program")
    expected = TONES["1001"] if transport == "native" else (PROGRAM_HZ, PROGRAM_DBFS)
    hears(talker.heard()[-1], *expected, "the phone")


def test_nobody_makes_us_send_elsewhere(server):
    with server.connect() as link:
        leg = link.api("originate null/x &park()").split()[1]
        reply = link.command(f"sendmsg {leg}\ncall-command: unicast\nremote-ip: 192.0.2.7\nremote-port: 9000")
        assert reply.reply == "-ERR unicast to 192.0.2.7 is not allowed"
        link.api(f"uuid_kill {leg}")


def rtp_in(server):
    """RTP datagrams the server has taken so far."""
    return server.counted("jackfield_media_datagrams_in_total")


def settled(read, wanted):
    """Waits until `read()` is as wanted."""
    deadline = time.monotonic() + PATIENCE
    while not wanted(value := read()):
        assert time.monotonic() < deadline, value
        time.sleep(0.1)
    return value


def media_port(phone_sdp):
    return int(next(line for line in phone_sdp.splitlines() if line.startswith("m=audio")).split()[1])


@pytest.mark.parametrize("how", ["uuid_media", "sendmsg", "variable"])
def test_two_phones_talk_past_the_server_and_back_through_it(server, tmp_path, how):
    phones = []
    try:
        phones = [phone(server, tmp_path, user, HastyPhone) for user in ("1001", "1002")]
        with server.connect() as link:
            link.command("event plain CHANNEL_BRIDGE")
            wish = "{bypass_media_after_bridge=true}" if how == "variable" else ""
            leg = link.api(f"originate {wish}user/1001 &bridge(user/1002)", PATIENCE).split()[1]
            link.wait_for("CHANNEL_BRIDGE", PATIENCE)
            if how == "uuid_media":
                assert settled(lambda: link.api(f"uuid_media off {leg}"), lambda said: said == "+OK Success\n")
            elif how == "sendmsg":
                link.command(f"sendmsg {leg}\ncall-command: nomedia\nnomedia-uuid: {leg}")

            def flows():
                before = rtp_in(server)
                time.sleep(0.5)
                return rtp_in(server) - before

            # A few RTCP reports still come here.
            settled(flows, lambda packets: packets <= 4)
            time.sleep(1.0)
            assert link.api(f"uuid_media {leg}") == "+OK Success\n"
            settled(flows, lambda packets: packets >= 20)
            assert link.api(f"uuid_media {leg}") == "-ERR Operation failed\n"
            time.sleep(1.0)
            link.api(f"uuid_kill {leg}")
        for made in phones:
            made.wait_for("CALL_CLOSED", PATIENCE)
        for made, other in zip(phones, reversed(phones)):
            # One file for each place the sound came from, or one for all of them; the tone is in every one.
            for path in made.heard():
                if Recording(path).seconds > 0.6:
                    hears(path, other.tone_hz, other.tone_dbfs, f"phone {made.user}, {path.name}")
            # Nearly as much as it said, wherever that went: half of the call was past the server.
            said = sum(Recording(path).seconds for path in made.heard_folder.glob("*-enc.wav"))
            assert sum(Recording(path).seconds for path in made.heard()) >= 0.75 * said
    finally:
        for made in phones:
            made.stop()


def test_an_eavesdropper_hears_both_and_its_keys_say_who_hears_it(server, tmp_path, phones_of_all):
    third = phones_of_all[2]
    with server.connect() as link:
        link.command("event plain CHANNEL_BRIDGE MEDIA_BUG_START MEDIA_BUG_STOP DTMF")
        leg = link.api("originate user/1001 &bridge(user/1002)", PATIENCE).split()[1]
        other = link.wait_for("CHANNEL_BRIDGE", PATIENCE)["Bridge-B-Unique-ID"]
        listener = link.api(f"originate user/1003 &eavesdrop({leg})", PATIENCE).split()[1]
        bug = link.wait_for("MEDIA_BUG_START", PATIENCE)
        assert (bug["Media-Bug-Function"], bug["Unique-ID"]) == ("eavesdrop", leg)
        tapes = {}

        def record(name):
            for who, channel in (("first", leg), ("second", other), ("third", listener)):
                path = tapes[name, who] = server.recordings / f"{tmp_path.name}-{name}-{who}.wav"
                assert link.api(f"uuid_setvar {channel} RECORD_WRITE_ONLY true") == "+OK\n"
                assert link.api(f"uuid_record {channel} start {path}", PATIENCE) == "+OK Success\n"
            time.sleep(1.0)
            for who, channel in (("first", leg), ("second", other), ("third", listener)):
                path = tapes[name, who]
                assert link.api(f"uuid_record {channel} stop {path}") == "+OK Success\n"
                settled(lambda: path.exists() and Recording(path).seconds, lambda s: s and s > 0.6)

        time.sleep(0.5)
        record("0")
        for key in ("2", "1", "3"):
            third.press(key)
            link.wait_for("DTMF", PATIENCE, Unique_ID=listener)
            time.sleep(0.3)
            record(key)
        link.api(f"uuid_kill {listener}")
        stopped = link.wait_for("MEDIA_BUG_STOP", PATIENCE, Media_Bug_Function="eavesdrop")
        assert stopped["Unique-ID"] == leg
        link.api(f"uuid_kill {leg}")
    whispered, level = TONES["1003"]
    audible = {"0": (False, False), "2": (True, False), "1": (False, True), "3": (True, True)}
    for key, wanted in audible.items():
        hears(tapes[key, "third"], *TONES["1001"], f"eavesdropper, key {key}")
        hears(tapes[key, "third"], *TONES["1002"], f"eavesdropper, key {key}")
        for who, expected in zip(("first", "second"), wanted):
            heard = level_in(tapes[key, who], whispered, 1.0)
            assert (abs(heard - level) < 1.5) if expected else heard < -40, f"{who}, key {key}: {heard} dBFS"


def test_a_call_is_taken_over(server, phones_of_all):
    third = phones_of_all[2]
    with server.connect() as link:
        link.command("event plain CHANNEL_BRIDGE CHANNEL_HANGUP_COMPLETE")
        leg = link.api("originate user/1001 &bridge(user/1002)", PATIENCE).split()[1]
        other = link.wait_for("CHANNEL_BRIDGE", PATIENCE)["Bridge-B-Unique-ID"]
        taker = link.api(f"originate user/1003 &intercept({leg})", PATIENCE).split()[1]
        # The end of a call is told when its last figures are there, behind the new bridge.
        bridge = link.wait_for("CHANNEL_BRIDGE", PATIENCE)
        assert {bridge["Bridge-A-Unique-ID"], bridge["Bridge-B-Unique-ID"]} == {leg, taker}
        over = link.wait_for("CHANNEL_HANGUP_COMPLETE", PATIENCE, Unique_ID=other)
        assert over["Hangup-Cause"] == "PICKED_OFF"
        time.sleep(1.0)
        link.api(f"uuid_kill {leg}")
    third.wait_for("CALL_CLOSED", PATIENCE)
    hears(third.heard()[-1], *TONES["1001"], "who took the call")
