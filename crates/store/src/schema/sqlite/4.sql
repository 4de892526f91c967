-- Calls that have ended, one row for each leg. Times are in microseconds since 1970.
CREATE TABLE call_record (
    number        INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid          TEXT    NOT NULL,
    call_uuid     TEXT    NOT NULL,  -- which legs of one call have in common
    other_uuid    TEXT,              -- the leg it was tied to
    direction     TEXT    NOT NULL,  -- inbound or outbound
    caller_name   TEXT    NOT NULL,
    caller_number TEXT    NOT NULL,
    callee_name   TEXT    NOT NULL,
    callee_number TEXT    NOT NULL,
    destination   TEXT    NOT NULL,
    context       TEXT    NOT NULL,
    user_name     TEXT    NOT NULL,  -- user@domain, empty for a leg that is no user's
    account       TEXT    NOT NULL,  -- the variable accountcode
    started       INTEGER NOT NULL,
    answered      INTEGER,           -- NULL when it was not
    ended         INTEGER NOT NULL,
    duration_s    INTEGER NOT NULL,
    billed_s      INTEGER NOT NULL,
    cause         TEXT    NOT NULL,  -- as NORMAL_CLEARING
    sip_status    INTEGER,
    codec         TEXT    NOT NULL,
    recording     TEXT,
    queue         TEXT,
    variables     TEXT    NOT NULL,  -- JSON
    UNIQUE (uuid, started)           -- an id may be given again, and a row may be written again
) STRICT;
CREATE INDEX call_record_time ON call_record (started, number);
CREATE INDEX call_record_caller ON call_record (caller_number, started, number);
CREATE INDEX call_record_callee ON call_record (callee_number, started, number);
CREATE INDEX call_record_destination ON call_record (destination, started, number);
CREATE INDEX call_record_user ON call_record (user_name, started, number);
