"""A caller that is SIPp, and is heard by ear."""

import time

from .ear import tone_near
from .ports import free_ports
from .rtp import RtpEnd
from .sipp import PressingSipp, Sipp


class Caller:
    """SIPp for what is signalled, and an `RtpEnd` beside it for what is heard. With `presses` it is a `PressingSipp`."""

    def __init__(self, server, folder, callee, presses=True):
        folder.mkdir()
        # Media of SIPp, and the port that is offered with its RTCP behind.
        first = free_ports(6)
        self.audio = RtpEnd(1300.0, -12.0, port=first + 4)
        if presses:
            self.sipp = PressingSipp(server, folder, first, callee)
        else:
            self.sipp = Sipp(server, "uac_until_bye", folder, callee=callee, audio_port=self.audio.port)

    def hears(self, hertz, mark, seconds=30):
        """Waits until that tone is heard after the mark; nothing else is waited for."""
        deadline = time.monotonic() + seconds
        while True:
            heard, level = tone_near(self.audio.since(mark).samples, 8000, hertz, tolerance=0.03)
            if abs(heard - hertz) < 0.01 * hertz and level > -30:
                return
            assert time.monotonic() < deadline, f"{heard:.0f} Hz at {level:.1f} dBFS instead of {hertz} Hz"
            time.sleep(0.1)

    def stop(self):
        self.sipp.stop()
        self.audio.stop()
