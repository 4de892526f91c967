"""A program that answers calls, as people write them with greenswitch: the switch connects to it.

    outbound_greenswitch.py PORT OTHER_PHONE
"""

from gevent import monkey

monkey.patch_all()

import json  # noqa: E402
import sys  # noqa: E402

import greenswitch  # noqa: E402

OTHER = sys.argv[2]


def say(**what):
    print(json.dumps(what), flush=True)


class Answering:
    def __init__(self, session):
        self.session = session

    def run(self):
        session = self.session
        say(stage="connected", number=session.session_data["Channel-Destination-Number"])
        session.myevents()
        session.answer()
        session.playback("tone_stream://%(1500,0,850)")
        say(stage="played")
        digit = session.play_and_get_digits(
            1, 1, 1, 10000, "#", "tone_stream://%(200,0,850)", "silence", "choice", r"\d", 2000, ""
        )
        say(stage="pressed", digit=digit)
        # Returns when the bridge ends, which is not before this program does.
        session.bridge(f"user/{OTHER}")


server = greenswitch.OutboundESLServer(bind_port=int(sys.argv[1]), application=Answering)
say(stage="listens")
server.listen()
