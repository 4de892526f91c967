"""A program that plays without end to whoever the switch hands it, on a bare socket.

    outbound_music.py PORT
"""

import socket
import sys

listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print('{"stage": "listens"}', flush=True)
connection, _ = listener.accept()
connection.sendall(b"connect\n\n")
pending = b""
while b"\n\n" not in pending:
    pending += connection.recv(65536)
for name, argument in ("answer", ""), ("endless_playback", "tone_stream://%(1000,0,850)"):
    connection.sendall(
        f"sendmsg\ncall-command: execute\nexecute-app-name: {name}\nexecute-app-arg: {argument}\nevent-lock: true\n\n".encode()
    )
print('{"stage": "plays"}', flush=True)
while connection.recv(65536):
    pass
