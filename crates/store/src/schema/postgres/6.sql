-- As ../sqlite/6.sql.
CREATE TABLE binding (
    id          TEXT    PRIMARY KEY,
    serial      BIGINT  NOT NULL,
    profile     TEXT    NOT NULL,
    user_name   TEXT    NOT NULL,
    domain      TEXT    NOT NULL,
    realm       TEXT    NOT NULL,
    contact     TEXT    NOT NULL,
    contact_uri TEXT    NOT NULL,
    q           BIGINT  NOT NULL,
    call_id     TEXT    NOT NULL,
    cseq        BIGINT  NOT NULL,
    transport   TEXT    NOT NULL,
    local       TEXT    NOT NULL,
    source      TEXT    NOT NULL,
    way         TEXT    NOT NULL,
    path        TEXT    NOT NULL,
    user_agent  TEXT    NOT NULL,
    instance    TEXT,
    refreshed   BIGINT  NOT NULL,
    expires     BIGINT  NOT NULL
);
CREATE INDEX binding_expiry ON binding (expires);
