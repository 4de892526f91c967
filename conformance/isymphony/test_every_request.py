"""schemathesis reads the OpenAPI document and asks everything in it, sound and unsound."""

import json
import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from harness.panel import PASSWORD, USER, Rest

CONFORMANCE = Path(__file__).resolve().parents[1]
LIVE = "rest/live/coreServers/getByName/default"

# Left out: ignored_auth sends wrong passwords, for which an address is locked out after 60 of them (test_access.py has who
# gets in); negative_data_rejection and positive_data_acceptance take a body for wrong or right by its schema alone, while
# this protocol reads numbers as texts, looks at no unknown member, and asks what else there is; not_a_server_error is
# `nothing_breaks`, as the protocol has 500 for calls that fail.
CHECKS = ("nothing_breaks", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
          "response_schema_conformance", "unsupported_method", "allow_header_conformance", "use_after_free",
          "ensure_resource_availability")
SEED = 20240917
EXAMPLES = 6


def places(rest):
    """What is there, by the names of places and lists; what has no name has only ids. Something of everything is made."""
    core = rest.get("rest/config/server/coreServers/getBySlug/default")["id"]
    pbx, users = f"rest/config/asterisk/{core}", f"rest/config/core/{core}/users"
    for path, id, body in [
        (f"{pbx}/extensionGroups", "g1", {"displayName": "Sales"}),
        (f"{pbx}/queues", "q1", {"identifier": "5001"}),
        (f"{pbx}/conferenceRooms", "r1", {"identifier": "3000", "name": "Main"}),
        (f"{pbx}/parkingLots", "l1", {"identifier": "valet_lot", "name": "Main"}),
        (f"{pbx}/pbxServers", "p1", {"displayName": "local"}),
        ("rest/config/server/administrators", "a1", {"userName": "root"}),
    ]:
        rest.do("POST", path, {"id": id, **body})
    user = next(item for item in rest.get(users) if item["username"] == "1001")["id"]
    rest.do("POST", f"rest/config/contact/{core}/users/{user}/phoneNumbers", {"id": "n1", "number": "201"})
    live = {name: [item["id"] for item in rest.get(f"{LIVE}/{path}")] for name, path in [
        ("core", ""), ("extension", "extensions"), ("user", "users"), ("queue", "queues"), ("room", "conferences"),
        ("lot", "parkingLots"), ("agent", "queues/getByName/5001/agents")] if path}
    listed = {name: [item["id"] for item in rest.get(path)] for name, path in [
        ("extensions", f"{pbx}/extensions"), ("extensionGroups", f"{pbx}/extensionGroups"), ("queues", f"{pbx}/queues"),
        ("conferenceRooms", f"{pbx}/conferenceRooms"), ("parkingLots", f"{pbx}/parkingLots"),
        ("pbxServers", f"{pbx}/pbxServers"), ("users", users), ("administrators", "rest/config/server/administrators")]}
    ids = {**live, **listed, "core": [rest.get(LIVE)["id"]], "K": [core], "phoneNumbers": ["n1"], "noHash": listed["users"],
           "voicemailAgents": ["local-vm"], "recordingAgents": ["local-rec"]}
    names = {"core": ["default"], "slug": ["default"], "extension": ["1001", "1002", "1003"], "user": ["1001", "1002"],
             "queue": ["5001"], "room": ["3000"], "lot": ["valet_lot"], "username": ["1001"], "K": [core],
             "agent": live["agent"]}
    return {"ids": ids, "names": names}


@pytest.mark.timeout(240)
def test_every_request_is_answered_as_the_document_says(server, tmp_path):
    rest = Rest(server.panel)
    known = places(rest)
    done = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", "run",
         f"http://{server.panel}/communication_manager/rest/openapi.json",
         "--auth", f"{USER}:{PASSWORD}", "--checks", ",".join(CHECKS), "--phases", "coverage,fuzzing",
         "--max-examples", str(EXAMPLES), "--seed", str(SEED), "--generation-database", "none", "--no-shrink",
         "--suppress-health-check", "all", "--request-timeout", "30", "--warnings", "off", "--no-color", "--continue-on-failure"],
        cwd=tmp_path, capture_output=True, text=True, timeout=230,
        env={**os.environ, "PYTHONPATH": str(CONFORMANCE), "SCHEMATHESIS_HOOKS": "clients.panel_requests",
             "JACKFIELD_KNOWN_PLACES": json.dumps(known)},
    )
    assert done.returncode == 0, done.stdout[-20000:] + done.stderr[-4000:]
    assert server.alive()
    # It was no search in the dark: many of them were done.
    with urllib.request.urlopen(f"http://127.0.0.1:{server.metrics_port}/metrics", timeout=10) as reply:
        metrics = reply.read().decode()
    answers = {status: int(count) for status, count in
               re.findall(r'jackfield_isymphony_requests_total{status="(\d+)"} (\d+)', metrics)}
    assert answers["200"] > 100 and answers["204"] > 100, answers
