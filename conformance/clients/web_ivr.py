"""An example of a web application that says what calls do, with nothing but Python: a menu of three keys.

    IVR_SECRET=… web_ivr.py PORT COLLEAGUE [CERTIFICATE KEY]

1 calls the colleague, 2 records a message and plays it back, 3 goes back to the dialplan. docs/http-ivr.md explains it.
"""

import hashlib
import hmac
import json
import os
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = os.environ["IVR_SECRET"].encode()
COLLEAGUE = sys.argv[2]
OLDEST_S = 300
LONGEST = 1 << 20

PROMPT = {"tone": "%(1500,0,850)"}
MENU = {"collect": {"max": 1, "tries": 3, "timeout_ms": 10000, "pattern": "^[123]$", "prompt": PROMPT}}
GOODBYE = [{"play": {"tone": "%(1500,0,650)"}}, {"hangup": {}}]

# What was answered to which request: one that comes again, because its answer was lost, gets the same.
answered = {}
lock = threading.Lock()


def is_ours(headers, body):
    """Signed with our secret, and not long ago."""
    timestamp = headers.get("Jackfield-Timestamp", "")
    expected = "v1=" + hmac.new(SECRET, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    signed = hmac.compare_digest(expected, headers.get("Jackfield-Signature", ""))
    return signed and timestamp.isdigit() and abs(time.time() - int(timestamp)) < OLDEST_S


def actions(request):
    """What the call does next."""
    if request["event"] == "begin":
        return [{"answer": {}}, MENU]
    last = request["results"][-1]
    if last["action"] == "collect" and last["outcome"] == "matched":
        return {
            "1": [{"bridge": {"to": [f"user/{COLLEAGUE}"], "timeout_s": 20, "caller_name": "Menu"}}],
            "2": [{"record": {"file": f"ivr/{request['call']['id']}.wav", "max_s": 60, "terminators": "#"}}],
            "3": [{"set": {"ivr_choice": "dialplan"}}, {"continue": {}}],
        }[last["digits"]]
    if last["action"] == "record":
        return [{"play": {"file": os.path.join(os.environ.get("IVR_RECORDINGS", ""), last["file"])}}, *GOODBYE]
    return GOODBYE


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(min(length, LONGEST))
        if not is_ours(self.headers, body):
            self.reply(403, {})
            return
        request = json.loads(body)
        with lock:
            print(json.dumps({"stage": request["event"], **request}), flush=True)
            if request["event"] == "ended":
                answer = {}
            else:
                answer = answered.setdefault(request["id"], {"actions": actions(request)})
        self.reply(200, answer)

    def reply(self, status, answer):
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
if len(sys.argv) > 3:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3], sys.argv[4])
    server.socket = context.wrap_socket(server.socket, server_side=True)
print('{"stage": "listens"}', flush=True)
server.serve_forever()
