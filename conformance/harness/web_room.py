"""A participation of a web client in a video room, and what it hears and sees of the others."""

import json
import time

from .browser import Heard

ROOM = "team@videoconference.127.0.0.1"


class Participant:
    """A page in a room; it was let in."""

    def __init__(self, client, room=ROOM, **wish):
        """`hertz` and `level` replace the microphone, `video` adds the camera."""
        self.client, self.room = client, room
        self.id = self._run("join", client.account, room, wish)
        self.wait_state("accepted")

    def summary(self):
        return self.client.summary()["rooms"][-1]

    def wait(self, expression, what, seconds=45):
        """Waits until the expression about `room` is true."""
        try:
            self.client.page.wait(f"(room => {expression})(jackfield.summary().rooms.at(-1))", seconds, what)
        except AssertionError as error:
            shown = f"{error}\n{self.summary()}\n{self.client.summary()['crashes']}\n{self.client.server.log()}"
            raise AssertionError(shown) from None

    def wait_state(self, state):
        self.wait(f"room.states.includes({json.dumps(state)})", f"the room is {state}")

    def told(self, event, after=0):
        """The events of this name, from the `after`-th event of any name on, without their time."""
        found = [one for one in self.summary()["events"][after:] if one["event"] == event]
        return [{name: one[name] for name in one if name not in ("at", "sylkrtc", "session", "event")} for one in found]

    def events(self):
        """How many events there were so far."""
        return len(self.summary()["events"])

    def wait_told(self, event, after=0, seconds=45, where="true"):
        """The next event of this name, from the `after`-th event on, of which the expression about `one` is true."""
        name = json.dumps(event)
        self.wait(
            f"room.events.slice({after}).some(one => one.event === {name} && ({where}))", f"{event} is told", seconds,
        )
        page = self.client.page
        return page.run(
            f"jackfield.summary().rooms.at(-1).events.slice({after}).find(one => one.event === {name} && ({where}))",
        )

    def publishers(self):
        """What the others are called, by address."""
        return {one["uri"]: one for one in self.summary()["publishers"]}

    def wait_publisher(self, uri, seconds=45):
        """The one with this address, when it is there."""
        self.wait(f"room.publishers.some(one => one.uri === {json.dumps(uri)})", f"{uri} publishes", seconds)
        return self.publishers()[uri]

    def attach(self, publisher):
        """Subscribes to one of the others, and waits until its sound arrives."""
        self._run("attach", publisher)
        wanted = json.dumps(publisher)
        self.wait(f"room.established.includes({wanted})", "feed-established")
        self.client.page.wait(
            f"jackfield.feedFigures({wanted}).then(one => one.audioPackets > 25)", 15, f"{publisher} is heard",
        )

    def listen(self, seconds=2.0):
        """What comes from the others, by publisher."""
        heard = self._run("listenToRoom", seconds)
        return {publisher: Heard(recorded) for publisher, recorded in heard.items()}

    def frames(self, publisher):
        """Pictures of that publisher shown so far."""
        return self._run("feedFigures", publisher)["framesDecoded"]

    def wait_frames(self, publisher, more=8, seconds=45):
        """Waits until so many more pictures are there."""
        wanted = self.frames(publisher) + more
        self.client.page.wait(
            f"jackfield.feedFigures({json.dumps(publisher)}).then(one => one.framesDecoded >= {wanted})", seconds,
            f"pictures of {publisher} arrive",
        )

    def frames_within(self, publisher, seconds):
        """Pictures shown within that time."""
        before = self.frames(publisher)
        time.sleep(seconds)
        return self.frames(publisher) - before

    def update_feed(self, publisher, **options):
        self._run("updateFeed", publisher, options)

    def update(self, **options):
        self._run("updateOwn", options)

    def ask(self, name, **fields):
        return self._run("askRoom", name, fields)

    def detach(self, publisher):
        self._run("detach", publisher)

    def leave(self):
        self._run("leave")

    def file(self, name):
        """Where a file of that name is put and fetched."""
        base = self.client.server.gateway.replace("ws:", "http:").replace("/ws", "")
        return f"{base}/filesharing/{self.room}/{self.id}/{name}"

    def upload(self, name, text):
        return tuple(self._run("upload", self.file(name), text))

    def download(self, name):
        return tuple(self._run("download", self.file(name)))

    def _run(self, name, *arguments):
        return self.client.page.run(f"jackfield.{name}({', '.join(json.dumps(one) for one in arguments)})")
