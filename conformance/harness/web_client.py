"""A client of the web gateway in a browser page: `browser/page`, which behaves as the library of its generation."""

import hashlib
import json

from .browser import Heard

DOMAIN = "127.0.0.1"

# What the microphones of the two browsers hear: hertz and dBFS.
FIRST_TONE = (600.0, -12.0)
SECOND_TONE = (1000.0, -18.0)
# What Firefox makes up for a microphone: the pitch is in driver.js, the level is its own.
FIREFOX_TONE = (700.0, -20.0)


def ha1(user, password, realm=DOMAIN):
    return hashlib.md5(f"{user}:{realm}:{password}".encode()).hexdigest()


class WebClient:
    """One page with one client of one generation, connected."""

    def __init__(self, browser, server, generation="d2", gateway=None):
        """`gateway`: another way to the same one."""
        self.server, self.generation = server, generation
        self.gateway = gateway or server.gateway
        self.page = browser.open()
        self.page.wait("!!window.jackfield", what="the test client")
        self.connect()

    def connect(self):
        self._run("connect", self.generation, self.gateway)
        self.page.wait("jackfield.summary().link === 'ready'", what="the gateway is ready")

    def add(self, user, password="1234", **more):
        self.account = f"{user}@{DOMAIN}"
        self.answer_to_add = self._run("addAccount", self.account, ha1(user, password), more)
        return self

    def registered(self, user, password="1234", **more):
        """Signed in, and told so."""
        self.add(user, password, **more)
        self._run("register", self.account)
        states = self.settled_registration()
        assert states == ["registering", "registered"], f"{states} {self.reasons()}\n{self.server.log()}"
        return self

    def settled_registration(self):
        account = json.dumps(self.account)
        self.page.wait(
            f"['registered', 'failed'].includes(jackfield.summary().accounts[{account}]?.states.at(-1))",
            what=f"an end of registering {self.account}",
        )
        return self.summary()["accounts"][self.account]["states"]

    def reasons(self):
        return self.summary()["accounts"][self.account]["reasons"]

    def call(self, number, **wish):
        """Calls; `hertz` and `level` replace the microphone, `video` adds the camera. The call's id."""
        uri = number if "@" in number else f"{number}@{DOMAIN}"
        return self._run("call", self.account, uri, wish)

    def answer(self, call=None, **wish):
        self._run("answer", call, wish)

    def terminate(self, call=None):
        self._run("terminate", call)

    def hold(self):
        self._run("hold", None)

    def unhold(self):
        self._run("unhold", None)

    def only_pictures(self, codec):
        """Offers pictures of that codec alone from now on, as `video/H264`."""
        self._run("onlyPictures", codec)

    def show_camera(self):
        self._run("showCamera", None)

    def hide_camera(self):
        self._run("hideCamera", None)

    def take_update(self, camera):
        self._run("takeUpdate", None, camera)

    def wait_update(self, *states, seconds=45):
        """Waits until the last call has heard of exactly these updates."""
        wanted = json.dumps(list(states))
        said = "JSON.stringify((jackfield.summary().calls.at(-1)?.updates ?? []).map(([state]) => state))"
        self.page.wait(f"{said} === JSON.stringify({wanted})", seconds, f"updates {wanted}")
        return self.last_call()

    def press(self, digit):
        return self._run("press", digit, None)

    def ask(self, name, **fields):
        return self._run("ask", name, fields)

    def listen(self, seconds=2.0):
        """What this page sends and hears."""
        return Heard(self._run("listen", seconds, None))

    def listen_to_onset(self, level, seconds=2.0):
        return Heard(self._run("listenToOnset", level, seconds, None))

    def figures(self):
        return self._run("figures", None)

    def look(self, points):
        """The colours of the far side's picture at these points, in parts of its width and height."""
        return self._run("look", points)

    def frames(self):
        """Every frame: direction, milliseconds, message."""
        return [(way, at, json.loads(text)) for way, at, text in self._run("frames")]

    def summary(self):
        return self._run("summary")

    def last_call(self):
        return self.summary()["calls"][-1]

    def wait_incoming(self, seconds=45):
        self.page.wait("jackfield.summary().calls.at(-1)?.state === 'incoming'", seconds, "an incoming call")
        return self.last_call()

    def wait_state(self, state, seconds=45):
        """Waits until the last call was in this state."""
        wanted = json.dumps(state)
        try:
            self.page.wait(f"jackfield.summary().calls.at(-1)?.states.includes({wanted})", seconds)
        except AssertionError:
            raise AssertionError(f"the call was not {state}: {self.summary()}\n{self.server.log()}") from None
        return self.last_call()

    def wait_media(self, seconds=45):
        """Waits until packets arrive."""
        self.page.wait("jackfield.figures(null).then((figures) => figures.audioPackets > 25)", seconds, "sound arrives")

    def assert_content(self):
        """Nothing happened that would have broken the library, nothing it does not know, no question open."""
        summary = self.summary()
        assert summary["crashes"] == [], summary["crashes"]
        assert summary["unknown"] == [], summary["unknown"]
        assert self.page.seen()["errors"] == [], self.page.seen()["errors"]
        return summary

    def close(self):
        self.page.close()

    def _run(self, name, *arguments):
        return self.page.run(f"jackfield.{name}({', '.join(json.dumps(argument) for argument in arguments)})")
