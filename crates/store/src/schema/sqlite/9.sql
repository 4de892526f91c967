-- Other names of console commands (event-socket.md 6.8).
CREATE TABLE console_alias (
    name    TEXT NOT NULL PRIMARY KEY,
    command TEXT NOT NULL
) STRICT;
