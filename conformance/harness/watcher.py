"""A telephone with keys that show whose line is busy: it subscribes with SIPp, and its NOTIFYs are read with an XML parser."""

import re
import time
import xml.etree.ElementTree as ElementTree

from .sipp import Sipp

SPACE = "{urn:ietf:params:xml:ns:dialog-info}"
STATES = {"trying", "proceeding", "early", "confirmed", "terminated"}
# Attributes of an element, and what may stand in it, in that order (RFC 4235 §4.4).
DIALOG = {"id", "call-id", "local-tag", "remote-tag", "direction"}
IN_DIALOG = ["state", "duration", "replaces", "referred-by", "route-set", "local", "remote"]
IN_PARTY = ["identity", "target", "session-description", "cseq"]


def in_order(element, allowed):
    places = [allowed.index(child.tag.removeprefix(SPACE)) for child in element]
    return places == sorted(set(places))


def read(text):
    """A document, checked against what RFC 4235 has it be: version, entity and the dialogs."""
    root = ElementTree.fromstring(text)
    assert root.tag == SPACE + "dialog-info" and set(root.attrib) == {"version", "state", "entity"}
    assert root.get("state") == "full"
    dialogs = []
    for dialog in root:
        assert dialog.tag == SPACE + "dialog" and "id" in dialog.attrib and set(dialog.attrib) <= DIALOG
        assert in_order(dialog, IN_DIALOG) and dialog.find(SPACE + "state").text in STATES
        parties = {}
        for name in ("local", "remote"):
            party = dialog.find(SPACE + name)
            assert in_order(party, IN_PARTY)
            target = party.find(SPACE + "target")
            rendering = {param.get("pname"): param.get("pvalue") for param in target}["+sip.rendering"]
            identity = party.find(SPACE + "identity")
            parties[name] = (identity.text, identity.get("display"), rendering)
        dialogs.append(dict(dialog.attrib) | parties | {"state": dialog.find(SPACE + "state").text})
    return int(root.get("version")), root.get("entity"), dialogs


class Watcher(Sipp):
    def __init__(self, server, folder, whom, user="1003"):
        folder.mkdir()
        super().__init__(server, "watcher", folder, user=user, callee=whom)

    def documents(self):
        text = self.messages.read_text(errors="replace").replace("\r\n", "\n") if self.messages.exists() else ""
        found = re.findall(r"<\?xml.*?</dialog-info>", text, re.S)
        return [read(document) for document in found]

    def told(self, state, seconds=20, **more):
        """The first dialog of the newest document, as soon as it is in that state and has these values."""
        deadline = time.monotonic() + seconds
        while True:
            documents = self.documents()
            for dialog in documents[-1][2] if documents else []:
                if dialog["state"] == state and all(dialog[name] == value for name, value in more.items()):
                    return dialog
            assert time.monotonic() < deadline and self.process.poll() is None, documents
            time.sleep(0.05)

    def is_subscribed(self):
        self.received("<dialog-info")
        return self
