"""Two phones that the server makes talk."""

import time

from .ear import assert_without_holes, until_heard
from .phone import TONES, Phone


class BridgedCall:
    """One call that the server makes to the first phone and bridges to the second, until hung up."""

    def __init__(self, server, folder, codecs, tones=TONES):
        self.phones = []
        self.tones = tones
        try:
            for (user, (hertz, level)), codec in zip(tones.items(), codecs):
                self.phones.append(
                    Phone(folder / user, user, "1234", server.sip_port, hertz, level, codec=codec)
                )
            for phone in self.phones:
                phone.registered()
            self._talk(server, folder)
            for phone in self.phones:
                phone.wait_for("CALL_CLOSED")
        finally:
            for phone in self.phones:
                phone.stop()

    def _talk(self, server, folder):
        first, second = self.phones
        self.recording = folder / "call.wav"
        with server.connect() as socket:
            socket.command("event plain CHANNEL_BRIDGE DTMF CHANNEL_HANGUP_COMPLETE")
            leg = socket.api(f"originate user/{first.user} &bridge(user/{second.user})").split()[1]
            self.bridged = socket.wait_for("CHANNEL_BRIDGE")
            other = self.bridged["Bridge-B-Unique-ID"]
            names = ("read_codec", "read_rate", "rtp_use_codec_rate", "ep_codec_string")
            self.told = [
                {name: socket.api(f"uuid_getvar {channel} {name}") for name in names} for channel in (leg, other)
            ]
            time.sleep(2.0)
            self.keys = []
            for phone in self.phones:
                phone.press("7")
                self.keys.append(socket.wait_for("DTMF")["DTMF-Digit"])
            time.sleep(0.5)

            def record():
                socket.api(f"uuid_record {leg} start {self.recording}")
                time.sleep(2.0)
                stopped = socket.api(f"uuid_record {leg} stop {self.recording}")
                assert stopped.startswith("+OK"), stopped
                return self.recording

            until_heard(record, lambda path: assert_without_holes(path, self.tones[first.user][0]))
            socket.api(f"uuid_kill {leg}")
            self.ends = [socket.wait_for("CHANNEL_HANGUP_COMPLETE")["Hangup-Cause"] for _ in self.phones]
