-- Messages in voicemail boxes; their sound is in files. Times are in microseconds since 1970.
CREATE TABLE voice_message (
    id            TEXT    PRIMARY KEY,
    mailbox       TEXT    NOT NULL,  -- number of the box
    domain        TEXT    NOT NULL,
    caller_name   TEXT    NOT NULL,
    caller_number TEXT    NOT NULL,
    left_at       INTEGER NOT NULL,
    read_at       INTEGER,           -- NULL while it is new
    length_ms     INTEGER NOT NULL,
    file          TEXT    NOT NULL   -- the WAV file
) STRICT;
CREATE INDEX voice_message_time ON voice_message (left_at, id);
