-- Where telephones are registered. Times are in microseconds since 1970, addresses as 192.0.2.1:5060.
CREATE TABLE binding (
    id          TEXT    PRIMARY KEY,
    serial      INTEGER NOT NULL,  -- its number in dial strings
    profile     TEXT    NOT NULL,
    user_name   TEXT    NOT NULL,
    domain      TEXT    NOT NULL,
    realm       TEXT    NOT NULL,
    contact     TEXT    NOT NULL,  -- with display name
    contact_uri TEXT    NOT NULL,
    q           INTEGER NOT NULL,  -- thousandths
    call_id     TEXT    NOT NULL,
    cseq        INTEGER NOT NULL,
    transport   TEXT    NOT NULL,  -- udp or tcp
    local       TEXT    NOT NULL,  -- our address
    source      TEXT    NOT NULL,  -- where the last REGISTER came from
    way         TEXT    NOT NULL,  -- where requests go
    path        TEXT    NOT NULL,  -- one value in a line
    user_agent  TEXT    NOT NULL,
    instance    TEXT,
    refreshed   INTEGER NOT NULL,
    expires     INTEGER NOT NULL
) STRICT;
CREATE INDEX binding_expiry ON binding (expires);
