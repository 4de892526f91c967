"""baresip as a phone: registers, answers by itself, plays a tone from a file and writes what it
hears into another. No sound card."""

import json
import re
import socket
import subprocess
import tempfile
import threading
import time
import wave
from pathlib import Path

from .picture import read_png
from .ports import free_port, free_sip_port
from .process import end
from .tone import write_tone

MODULES = Path("/usr/lib/baresip/modules")

# What the phones of the tests play: hertz and dBFS.
TONES = {"1001": (600.0, -12.0), "1002": (1000.0, -18.0)}

# What a phone with a camera has beside the rest.
PICTURES = [
    "module vp8.so",
    "module fakevideo.so",
    "module snapshot.so",
    "video_source fakevideo,nil",
    "video_display fakevideo,nil",
    "video_size 352x288",
    "video_fps 15",
    "video_bitrate 256000",
]

# What a phone with a lamp has. As an application it would be loaded last, and subscribe without end when it is registered
# within the millisecond after that.
LAMP = ["module mwi.so"]


def is_whole(path):
    """Whether a WAV file was ended: until then its header speaks of no samples, or is not there yet."""
    try:
        with wave.open(str(path), "rb") as file:
            return file.getnframes() > 0
    except (wave.Error, EOFError):
        return False


class Phone:
    """One baresip with one account."""

    def __init__(self, folder, user, password, server_port, tone_hz, tone_dbfs, codec="PCMU",
                 transport="udp", answers=True, through_server=False, pictures=False, lifetime=60, subscribes=False,
                 certificate=None, encryption=None):
        """`codec` is a list as baresip writes it: `PCMU`, `opus/48000/2,PCMA`, `G722/16000`, …

        `lifetime`: seconds it registers for; it refreshes a little before they are over.

        `pictures`: it has a camera that sees coloured bars, and VP8.

        `subscribes`: it has a lamp, and subscribes to its voicemail box; what it is told are events `MWI_NOTIFY`.

        `certificate`: the file of what it shows to those who call it over TLS, and of its key. What the server shows it does
        not check.

        `encryption`: how its sound is, in baresip's word: `srtp` (keys offered under RTP/AVP, and taken), `srtp-mand`.

        `through_server`: whatever it dials goes to the server, also when the host of the address is another.
        """
        self.user = user
        # One rate for the files on both sides; wide codecs are not heard through a narrow band.
        self.rate = 48000 if "opus" in codec else 16000 if "G722" in codec else 8000
        self.tone_hz = tone_hz
        self.tone_dbfs = tone_dbfs
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        self.heard_folder = self.folder / "heard"
        self.heard_folder.mkdir()
        self.events = []
        self._news = threading.Condition()
        self._keys_port = free_port()
        control_port = free_port()
        tone = self.folder / "tone.wav"
        write_tone(tone, tone_hz, tone_dbfs, seconds=300 if self.rate == 8000 else 60, rate=self.rate)
        secure = [f"sip_certificate {certificate}"] if certificate else []
        self._write_config(control_port, tone, (PICTURES if pictures else []) + (LAMP if subscribes else []) + secure
                           + (["module srtp.so"] if encryption else []))
        mode = "auto" if answers else "manual"
        register = f";regint={lifetime};auth_pass={password}" if server_port else ";regint=0"
        # Where it is reached over TLS: baresip takes the port behind.
        self.secure_sip_port = self.sip_port + 1
        host = f"127.0.0.1:{server_port}" if server_port else "127.0.0.1"
        proxy = f';outbound="sip:{host};transport={transport}"' if through_server else ""
        sound = f";mediaenc={encryption}" if encryption else ""
        lamp = ";mwi=" + ("yes" if subscribes else "no")
        (self.folder / "accounts").write_text(
            f"<sip:{user}@{host};transport={transport}>{register}"
            f";answermode={mode};audio_codecs={codec};ptime=20{proxy}{sound}{lamp}\n"
        )
        (self.folder / "contacts").write_text("")
        self._log = open(self.folder / "log", "wb")
        self._process = subprocess.Popen(
            ["baresip", "-f", str(self.folder)],
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT,
        )
        self._control = self._connect(control_port)
        threading.Thread(target=self._read_events, daemon=True).start()

    def _write_config(self, control_port, tone, pictures):
        self.sip_port = free_sip_port()
        lines = [
            "poll_method epoll",
            f"sip_listen 127.0.0.1:{self.sip_port}",
            "call_local_timeout 60",
            "call_max_calls 4",
            f"audio_source aufile,{tone}",
            "audio_player aubridge,nobody",
            "audio_alert aubridge,nobody",
            f"ausrc_srate {self.rate}",
            f"auplay_srate {self.rate}",
            "ausrc_channels 1",
            "auplay_channels 1",
            "audio_buffer 20-160",
            "jitter_buffer_delay 2-8",
            f"snd_path {self.heard_folder}",
            f"module_path {MODULES}",
            "module g711.so",
            "module g722.so",
            "module opus.so",
            "module aufile.so",
            "module aubridge.so",
            "module sndfile.so",
            "module cons.so",
            "module ctrl_tcp.so",
            f"cons_listen 127.0.0.1:{self._keys_port}",
            f"ctrl_tcp_listen 127.0.0.1:{control_port}",
            "module_tmp uuid.so",
            "module_tmp account.so",
            "module_app menu.so",
            "net_interface 127.0.0.1",
            "statmode_default off",
            *pictures,
        ]
        (self.folder / "config").write_text("\n".join(lines) + "\n")

    def _connect(self, port):
        deadline = time.monotonic() + 10
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port), timeout=2)
            except OSError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise AssertionError(f"baresip {self.user} did not start:\n{self.log()}") from None
                time.sleep(0.05)

    def _read_events(self):
        """Events come as netstrings of JSON: `12:{...},`."""
        self._control.settimeout(None)
        pending = b""
        while True:
            try:
                more = self._control.recv(65536)
            except OSError:
                return
            if not more:
                return
            pending += more
            while b":" in pending:
                length, rest = pending.split(b":", 1)
                if len(rest) < int(length) + 1:
                    break
                text, pending = rest[: int(length)], rest[int(length) + 1 :]
                with self._news:
                    self.events.append(json.loads(text))
                    self._news.notify_all()

    def wait_for(self, event_type, seconds=30, after=0, **fields):
        """The first event of this type, from the `after`-th event on, that has these fields."""
        deadline = time.monotonic() + seconds
        with self._news:
            while True:
                for event in self.events[after:]:
                    if event.get("type") == event_type and all(
                        event.get(name) == value for name, value in fields.items()
                    ):
                        return event
                left = deadline - time.monotonic()
                if left <= 0:
                    seen = [event.get("type", event) for event in self.events]
                    raise AssertionError(
                        f"phone {self.user}: no {event_type} {fields} within {seconds} s; events {seen}\n{self.log()}"
                    )
                self._news.wait(left)

    def command(self, name, parameters=""):
        """A long command of baresip's menu, such as `dial` or `hangup`."""
        text = json.dumps({"command": name, "params": parameters, "token": "t"}).encode()
        self._control.sendall(str(len(text)).encode() + b":" + text + b",")

    def console(self):
        """What its user types goes in, what it shows comes out, to whoever has connected last."""
        return socket.create_connection(("127.0.0.1", self._keys_port), timeout=2)

    def press(self, digits):
        """Presses and releases keys as a user would; to baresip a byte 4 is the release."""
        with self.console() as keys:
            for digit in digits:
                keys.sendall(digit.encode())
                time.sleep(0.16)
                keys.sendall(b"\x04")
                time.sleep(0.1)

    def registered(self, seconds=30):
        """Waits until the server agreed. The log says so even when it came before we listened."""
        deadline = time.monotonic() + seconds
        while "binding]" not in self.log():
            assert time.monotonic() < deadline, f"phone {self.user} is not registered:\n{self.log()}"
            time.sleep(0.05)
        return self

    def subscribed(self, seconds=30):
        """Waits until it was told for the first time what waits, and returns what. The log says so even when that came
        before we listened."""
        deadline = time.monotonic() + seconds
        while not (told := re.search(r"----- MWI for \S+ -----\n((?:.+\n)+)", self.log())):
            assert time.monotonic() < deadline, f"phone {self.user} is not subscribed:\n{self.log()}"
            time.sleep(0.05)
        return told[1]

    def heard(self):
        """Files of what this phone received, newest last. Those of calls that end are waited for; those of calls that go
        on are not among them."""
        deadline = time.monotonic() + 3
        while True:
            files = sorted(self.heard_folder.glob("*-dec.wav"), key=lambda path: path.stat().st_mtime)
            whole = [path for path in files if is_whole(path)]
            if whole == files or time.monotonic() > deadline:
                return whole
            time.sleep(0.05)

    def sees(self, seconds=45):
        """The picture it gets at some moment within so many seconds."""
        deadline = time.monotonic() + seconds
        # Of longer paths than a hundred letters or so it loses the end.
        with tempfile.TemporaryDirectory(prefix="seen-") as folder:
            taken = Path(folder) / "picture.png"
            self.command("snapshot_recv", str(taken))
            while True:
                # It is written when the next picture comes.
                if taken.exists() and (picture := read_png(taken)):
                    return picture
                assert time.monotonic() < deadline, f"the phone sees nothing:\n{self.log()}"
                time.sleep(0.05)

    def log(self):
        return (self.folder / "log").read_text(errors="replace")[-6000:]

    def stop(self):
        end(self._process, 5)
        self._control.close()
        self._log.close()
