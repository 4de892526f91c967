-- Members of fifos that commands have put there (event-socket.md 6.8).
CREATE TABLE fifo_member (
    fifo         TEXT    NOT NULL,
    dial         TEXT    NOT NULL,  -- a dial string
    simultaneous INTEGER NOT NULL,  -- calls at one time
    ring_s       INTEGER NOT NULL,
    lag_s        INTEGER NOT NULL,
    takes_calls  INTEGER NOT NULL,  -- 0 or 1
    expires      INTEGER,           -- microseconds since 1970
    PRIMARY KEY (fifo, dial)
) STRICT;
