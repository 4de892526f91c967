"""A page of another program inside the panel, and the card of the caller that comes with the server."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from harness.panel import Rest
from harness.panel_page import OWN_CALL, SAID, TONES, call_me, dial, open_panel, sign_in, wait_no_call
from harness.phone import Phone
from harness.server import Server

CARD = "document.getElementById('crm').contentDocument"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("server") / "run")
    yield running
    running.stop()


def three_phones(server, folder):
    return {
        user: Phone(folder / user, user, "1234", server.sip_port, hertz, level).registered() for user, (hertz, level) in TONES.items()
    }


@pytest.fixture
def phones(server, tmp_path):
    made = three_phones(server, tmp_path)
    yield made
    with server.connect() as socket:
        socket.api("hupall normal_clearing")
    for phone in made.values():
        phone.stop()


def signed_in(browser, server):
    page = open_panel(browser, server, width=1400, height=1000)
    sign_in(page)
    page.wait(f"{SAID}.startsWith('Signed in as')")
    return page


def on_card(page, element, words):
    page.wait(f"{CARD}?.getElementById('{element}')?.textContent.includes('{words}')", what=f"{element}: {words}")


def connected(page):
    page.wait(f"{CARD}?.body?.dataset.link === 'open'", what="the card follows events")


def test_the_card_shows_who_calls(either, server, phones):
    page = signed_in(either, server)
    try:
        on_card(page, "stage", "Nobody has called yet.")
        connected(page)
        call_me(page, phones, server)
        on_card(page, "whom", "1002")
        on_card(page, "stage", "talks with you")
        connected(page)
        page.click(f"{OWN_CALL} [data-deed=hold]")
        on_card(page, "stage", "is on hold")
        page.click(f"{OWN_CALL} [data-deed=hold]")
        on_card(page, "stage", "talks with you")
        page.click(f"{OWN_CALL} [data-deed=end]")
        wait_no_call(page)
        on_card(page, "stage", "The call has ended.")
        call_me(page, phones, server, caller="1003")
        on_card(page, "whom", "1003")
        # Also when it ends before the card follows events.
        phones["1003"].command("hangup")
        on_card(page, "stage", "The call has ended.")
        # The one before with the same number is found again.
        call_me(page, phones, server)
        on_card(page, "whom", "1002")
        page.wait(f"{CARD}?.getElementById('earlier')?.textContent.includes('1002')", what="earlier calls")
        assert page.run("document.getElementById('crm').title") == "Caller"
        assert page.accessibility()["violations"] == []
        page.click("#sign-out")
        page.wait("document.getElementById('crm-panel').hidden")
        page.wait(f"{CARD}?.URL === 'about:blank'", what="nothing of it is left")
    finally:
        page.close()


def test_the_events_of_a_card_are_those_of_its_user(browser, server, phones):
    page = signed_in(browser, server)
    try:
        page.run("""new Promise((resolve, reject) => {
          const socket = new WebSocket(location.origin.replace('http', 'ws') + '/panel/events/own');
          window.heard = [];
          socket.onmessage = ({ data }) => heard.push(JSON.parse(data));
          socket.onopen = () => resolve(true);
          socket.onerror = () => reject(new Error('refused'));
        })""")
        dial(phones["1002"], "1003", server)
        phones["1003"].wait_for("CALL_ESTABLISHED")
        phones["1002"].command("hangup")
        phones["1003"].wait_for("CALL_CLOSED")
        call_me(page, phones, server)
        page.wait("heard.some(({ type }) => type === 'link')")
        heard = page.run("heard")
        mine = [event for event in heard if "1001" in (event.get("username"), event.get("username1"), event.get("username2"))]
        assert heard == mine
        assert not any("1003" in str(event) for event in heard), heard
    finally:
        page.close()


class Crm:
    """A program of somebody else, and what it was asked for."""

    PAGE = b"""<!doctype html><html lang="en"><title>CRM</title><body><p>A customer</p><script>
      try { top.location = '/escaped'; } catch {}
      document.body.dataset.parent = (() => { try { return parent.document.title; } catch { return 'closed'; } })();
      fetch('/parent?' + document.body.dataset.parent);
    </script></body></html>"""

    def __init__(self):
        self.asked = []
        self.news = threading.Condition()
        crm = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                with crm.news:
                    crm.asked.append((self.path, dict(self.headers)))
                    crm.news.notify_all()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(crm.PAGE)))
                self.end_headers()
                self.wfile.write(crm.PAGE)

            def log_message(self, *_):
                pass

        # Another name than the panel's, so that it is another site, too.
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://localhost:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def until(self, wanted, seconds=60):
        with self.news:
            found = lambda: [one for one in self.asked if wanted(urlsplit(one[0]))]
            assert self.news.wait_for(found, seconds), f"it was not asked; there were {[path for path, _ in self.asked]}"
            return found()[-1]

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


def test_a_page_of_others_is_asked_for_each_call_and_kept_in_its_frame(browser, tmp_path_factory, tmp_path):
    crm = Crm()
    template = f"{crm.origin}/find/{{username}}?from={{callerIdNumber1}}&to={{callerIdNumber2}}&other={{otherCallerIdName}}&did={{did1}}"
    server = Server(
        tmp_path_factory.mktemp("crm") / "run",
        panel=f'\n[door.isymphony.crm]\nurl = "{template}"\nevent = "link"\ntitle = "Customer records"\n',
    )
    phones = {}
    page = None
    try:
        phones = three_phones(server, tmp_path)
        page = signed_in(browser, server)
        path, headers = crm.until(lambda url: url.path == "/find/1001")
        assert parse_qs(urlsplit(path).query, keep_blank_values=True) == {"from": [""], "to": [""], "other": [""], "did": [""]}
        assert "Referer" not in headers and "jackfield_panel" not in headers.get("Cookie", ""), headers
        call_me(page, phones, server)
        path, headers = crm.until(lambda url: parse_qs(url.query).get("from") == ["1002"])
        said = parse_qs(urlsplit(path).query, keep_blank_values=True)
        assert said["to"] == ["1001"] and "1002" in said["other"][0], path
        assert "Referer" not in headers, headers
        page.click(f"{OWN_CALL} [data-deed=end]")
        wait_no_call(page)
        # Calls of others are nobody's business.
        dial(phones["1002"], "1003", server)
        phones["1003"].wait_for("CALL_ESTABLISHED")
        phones["1002"].command("hangup")
        call_me(page, phones, server, caller="1003")
        crm.until(lambda url: parse_qs(url.query).get("from") == ["1003"])
        assert not any("to=1003" in path for path, _ in crm.asked)
        # It cannot lead away, nor look into the panel.
        crm.until(lambda url: url.path == "/parent" and url.query == "closed")
        assert not any(path == "/escaped" for path, _ in crm.asked)
        assert page.run("location.pathname") == "/panel"
        assert page.run("document.getElementById('crm-title').textContent") == "Customer records"
        policy = page.run("fetch('/panel').then((answer) => answer.headers.get('content-security-policy'))")
        assert f"frame-src {crm.origin}" in policy.split("; "), policy
        # Any other origin is kept out by the browser itself.
        blocked = page.run(f"""new Promise((resolve) => {{
          document.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective), {{ once: true }});
          const frame = document.createElement('iframe');
          frame.src = '{crm.origin.replace("localhost", "127.0.0.1")}/other';
          document.body.append(frame);
        }})""")
        assert blocked == "frame-src"
        assert not any(path == "/other" for path, _ in crm.asked)
    finally:
        if page is not None:
            page.close()
        for phone in phones.values():
            phone.stop()
        server.stop()
        crm.stop()


def test_without_a_page_there_is_no_frame(browser, tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("none") / "run", panel='\n[door.isymphony.crm]\nurl = "off"\n')
    page = None
    try:
        page = signed_in(browser, server)
        assert page.run("document.getElementById('crm-panel').hidden")
        policy = page.run("fetch('/panel').then((answer) => answer.headers.get('content-security-policy'))")
        assert "frame-src" not in policy
        assert Rest(server.panel).get("rest/live/coreServers/getByName/default")["slug"] == "default"
    finally:
        if page is not None:
            page.close()
        server.stop()
