"""A program as people write them for the event socket, with greenswitch from PyPI.

It rings one phone, bridges it to another, sets and reads variables, sends digits, waits for a digit,
records, and hangs up. It says what it saw as one JSON object per line; the test judges.

    first_call.py HOST PORT PASSWORD FIRST SECOND RECORDING
"""

from gevent import monkey

monkey.patch_all()

import json  # noqa: E402
import sys  # noqa: E402

import gevent  # noqa: E402
import greenswitch  # noqa: E402
from gevent.event import Event  # noqa: E402


class FirstCall:
    def __init__(self, host, port, password):
        self.legs = []
        self.reached = {}
        self.client = greenswitch.InboundESL(host=host, port=int(port), password=password)
        self.client.connect()
        self.client.register_handle("*", self.on_event)
        say(reply="subscribe", text=self.client.send("event plain ALL").data)

    def on_event(self, event):
        headers = event.headers
        name = headers.get("Event-Name")
        if name is None:
            return  # the notice that ends the connection comes this way too
        say(event=headers)
        if name == "CHANNEL_OUTGOING":
            self.legs.append(headers["Unique-ID"])
        if name == "DTMF":
            name = "DTMF " + headers["DTMF-Digit"]
        self.reached_event(name, headers.get("Unique-ID")).set()

    def reached_event(self, name, leg):
        return self.reached.setdefault((name, leg), Event())

    def wait(self, name, leg, seconds=30):
        if not self.reached_event(name, leg).wait(seconds):
            raise SystemExit(f"no {name} on {leg} within {seconds} s")

    def api(self, command):
        text = self.client.send("api " + command).data
        say(reply=command, text=text)
        return text


def say(**what):
    print(json.dumps(what), flush=True)


def main(host, port, password, first, second, recording):
    call = FirstCall(host, port, password)
    job = call.client.send(
        f"bgapi originate {{first_call=yes,origination_caller_id_number=900}}{first} &bridge({second})"
    )
    say(reply="bgapi", text=job.data)
    for _ in range(100):
        if len(call.legs) == 2:
            break
        gevent.sleep(0.1)
    else:
        raise SystemExit(f"{len(call.legs)} legs after 10 s")
    a, b = call.legs
    call.wait("CHANNEL_BRIDGE", a)
    call.api(f"uuid_setvar {a} mood merry and bright")
    call.api(f"uuid_getvar {a} mood")
    call.api(f"uuid_getvar {a} first_call")
    call.api(f"uuid_getvar {a} nobody_set_this")
    call.api(f"uuid_setvar {a} RECORD_STEREO false")
    call.api(f"uuid_send_dtmf {a} 42#")
    say(stage="bridged", a=a, b=b)
    call.wait("DTMF 7", b)
    gevent.sleep(0.5)
    call.api(f"uuid_record {a} start {recording}")
    call.wait("RECORD_START", a)
    gevent.sleep(3)
    call.api(f"uuid_record {a} stop {recording}")
    call.wait("RECORD_STOP", a)
    call.api(f"uuid_kill {a}")
    call.wait("CHANNEL_DESTROY", a)
    call.wait("CHANNEL_DESTROY", b)
    gevent.sleep(0.3)
    say(stage="done")
    call.client.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
