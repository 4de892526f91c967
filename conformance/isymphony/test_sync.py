"""The sequence in which a FreePBX brings its configuration to a panel (event-api.md §8.5), twice."""

import hashlib
import uuid

import pytest

from harness.panel import Rest
from harness.server import Server


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("empty") / "run", panel='starter = "empty"')
    yield running
    running.stop()


class Sync:
    """Does what the module does: looks, compares, and changes what differs."""

    def __init__(self, address, ids):
        self.rest, self.ids = Rest(address), ids

    def id(self, name):
        return self.ids.setdefault(name, str(uuid.uuid4()))

    def put(self, path, wanted, make=None):
        """One object: made when it is absent, changed when it differs."""
        found = self.rest.get(path)
        if found is None:
            self.rest.do("POST" if make else "PUT", make or path, wanted)
        elif any(found.get(name) != value for name, value in wanted.items()):
            # It puts back all of what it was given.
            self.rest.do("PUT", path, {**found, **wanted})

    def all(self, path, wanted, key, post="", put=""):
        """A list: what is missing is added, what differs changed, what is not wanted removed."""
        found = {item[key]: item for item in self.rest.get(path)}
        for item in wanted:
            old = found.pop(item[key], None)
            if old is None:
                self.rest.do("POST", f"{path}{post}", {"id": self.id(f"{path}{item[key]}"), **item})
            elif any(old.get(name) != value for name, value in item.items()):
                self.rest.do("PUT", f"{path}{put or '/'}{old['id']}", item)
        for item in found.values():
            self.rest.do("DELETE", f"{path}/{item['id']}")

    def run(self):
        rest = self.rest
        by_slug = "api/resource/server/coreServers/getBySlug/default"
        if rest.get(by_slug) is None:
            rest.do("POST", "api/resource/server/coreServers/", {
                "slug": "default", "name": "default", "brokerHost": "localhost", "brokerPort": "50000"})
        core = rest.get(by_slug)["id"]
        pbx = f"api/resource/asterisk/{core}"
        assert rest.get("api/resource/server/brand")["version"]
        assert rest.get(f"api/resource/server/coreServers/{core}/license")["clientConnections"] == -1
        self.put(pbx, {"originatingContext": "from-internal", "redirectingContext": "from-internal",
                       "musicOnHoldClass": "default"})
        self.put("api/resource/asterisk/voicemailAgents/local-vm", {
            "identifier": "local-vm", "rootPath": "/var/spool/asterisk/voicemail", "resourceHost": "pbx",
            "resourceExtension": "wav"})
        if "local-vm" not in rest.get(f"{pbx}/voicemailAgentIdentifiers"):
            rest.do("POST", f"{pbx}/voicemailAgentIdentifiers/", "local-vm")
        self.put("api/resource/asterisk/recordingAgents/local-rec", {
            "identifier": "local-rec", "rootPath": "/var/spool/asterisk/monitor", "resourceHost": "pbx",
            "resourceExtension": "wav", "fileNameMask": "${uniqueid}"})
        self.all(f"{pbx}/pbxServers", [{
            "displayName": "local", "host": "localhost", "port": "5038", "username": "cxpanel", "password": "secret",
            "enabled": True, "cdrHost": "localhost", "cdrPort": "3306", "cdrUsername": "u", "cdrPassword": "p",
            "recordingAgentIdentifier": "local-rec"}], "displayName", "/")
        self.all("api/resource/server/administrators", [{
            "userName": "admin", "password": hashlib.sha1(b"admin").hexdigest(), "superUser": True}],
            "userName", "/noHash", "/noHash/")
        numbers = ["201", "202", "203"]
        self.all(f"{pbx}/extensions", [{
            "extension": number, "displayName": f"Desk {number}", "autoAnswer": number == "203", "peer": f"SIP/{number}",
            "altOriginationMethod": "", "agentName": f"Desk {number}", "agentLocation": f"Local/{number}@from-queue/n",
            "agentInterface": f"SIP/{number}", "agentPenalty": 0, "agentPaused": False, "voiceMailContext": "default",
            "voiceMailBox": number, "restricted": False} for number in numbers], "extension", "/")
        users = f"api/resource/core/{core}/users"
        self.all(users, [{
            "username": number, "password": hashlib.sha1(number.encode()).hexdigest(), "enabled": True,
            "full": number != "203", "displayName": f"Desk {number}", "restricted": False} for number in numbers],
            "username", "/noHash", "/noHash/")
        users_now = {user["username"]: user for user in rest.get(users)}
        extensions = {item["extension"]: item for item in rest.get(f"{pbx}/extensions")}
        for number in numbers:
            user = users_now[number]
            contact = f"api/resource/contact/{core}/users/{user['id']}"
            self.put(contact, {"firstName": "Desk", "lastName": number})
            if not rest.get(f"{contact}/emailAddresses"):
                rest.do("POST", f"{contact}/emailAddresses", {"type": "Work", "address": f"{number}@example.org"})
            self.all(f"{contact}/phoneNumbers", [{"type": "Work", "number": number}], "number")
            managing = f"{pbx}/extensions/{extensions[number]['id']}/managingUser"
            if (rest.get(managing) or {}).get("id") != user["id"]:
                rest.do("POST", managing, user)
        self.all(f"{pbx}/queues", [{
            "identifier": "5001", "displayName": "Support", "destinationExtension": "5001",
            "destinationContext": "from-internal", "enabled": True, "restricted": False}], "identifier", "/")
        self.all(f"{pbx}/conferenceRooms", [{
            "identifier": "3000", "name": "Main", "destinationExtension": "3000",
            "destinationContext": "from-internal", "restricted": False}], "identifier", "/")
        self.all(f"{pbx}/parkingLots", [{
            "identifier": "default", "name": "Main", "destinationExtension": "70",
            "destinationContext": "from-internal", "restricted": False}], "identifier", "/")
        return rest.changes


def test_the_second_run_only_looks(empty):
    ids = {}
    assert Sync(empty.panel, ids).run() > 20
    assert Sync(empty.panel, ids).run() == 0
    # After a restart, too, and through the newer prefix.
    empty.restart()
    assert Sync(empty.panel, ids).run() == 0
    rest = Rest(empty.panel)
    core = rest.get("rest/config/server/coreServers/getBySlug/default")["id"]
    room = rest.get(f"rest/config/asterisk/{core}/conferenceRooms")[0]
    assert (room["permissionDisplayName"], room["permissionId"]) == ("Main <3000>", room["id"])
    live = rest.get("rest/live/coreServers/getByName/default/extensions/getByName/203")
    assert live["configurationId"] == rest.get(f"rest/config/asterisk/{core}/extensions")[2]["id"]


def test_statuses_and_sentences(empty):
    rest = Rest(empty.panel)
    core = rest.get("rest/config/server/coreServers/getBySlug/default")["id"]
    groups = f"rest/config/asterisk/{core}/extensionGroups"
    rest.do("POST", groups, {"id": "g", "displayName": "Sales"})
    for body, status, text in [
        (b"{", 412, "Invalid JSON."),
        ({}, 412, "No displayName provided."),
        ({"id": "g", "displayName": "x"}, 409, "An extension group with the given id already exists."),
        ({"displayName": "Sales"}, 409, "An extension with the given displayName already exists."),
    ]:
        got, said, headers = rest.ask("POST", groups, body)
        assert (got, said) == (status, text)
        assert headers["Content-Type"] == "text/plain; charset=utf-8"
    assert rest.ask("GET", f"{groups}/nothing")[:2] == (404, "No extension group with the given id exists.")
    assert rest.ask("PATCH", groups)[0] == 405
    rest.do("DELETE", f"{groups}/g")
