"""Who gets in, over the two ports."""

import pytest
from websockets.exceptions import InvalidStatus

from harness.panel import Events, Rest
from harness.server import Server


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("strict") / "run", panel="require_tls = true")
    yield running
    running.stop()


def refused(*args, **keys):
    with pytest.raises(InvalidStatus) as status:
        Events(*args, **keys)
    return status.value.response


def test_name_and_password_stand_in_the_url(server):
    assert refused(server.panel, user=None).status_code == 401
    wrong = refused(server.panel, password="manag3rpa55worD")
    assert wrong.status_code == 401
    assert wrong.headers["WWW-Authenticate"] == 'Basic realm="communication_manager"'
    Events(server.panel).close()
    Events(server.panel, path="/communication_manager/ws/event/").close()
    Events(server.secure_panel, secure=True).close()


def test_requests_need_them_too(server):
    assert Rest(server.panel, user=None).ask("GET", "rest/config/server/brand")[0] == 401
    assert Rest(server.panel, password="x").ask("GET", "rest/live/coreServers")[0] == 401
    for rest in (Rest(server.panel), Rest(server.secure_panel, secure=True)):
        assert rest.get("rest/config/server/brand")["name"] == "Jackfield"


def test_where_tls_is_required_the_other_port_sends_there(strict):
    status, _, headers = Rest(strict.panel, user=None).ask("GET", "rest/live/coreServers")
    assert status == 302
    assert headers["Location"] == f"https://{strict.secure_panel}/communication_manager/rest/live/coreServers"
    assert Rest(strict.secure_panel, secure=True).get("rest/live/coreServers")[0]["slug"] == "default"
    Events(strict.secure_panel, secure=True).close()


def test_an_address_that_is_not_allowed(tmp_path):
    running = Server(tmp_path / "run", panel='acl = ["192.0.2.1"]')
    try:
        assert refused(running.panel).status_code == 403
        assert Rest(running.panel, user=None).ask("GET", "rest/live/coreServers")[0] == 403
    finally:
        running.stop()
