-- What accounts leave behind (sylkrtc.md §3.2–§3.4).

-- An account that was registered at least once. `entries` and `bytes` are those of its journal.
CREATE TABLE account (
    id         INTEGER PRIMARY KEY,
    name       TEXT    NOT NULL UNIQUE,  -- user@host, the host in lower case
    public_key TEXT,
    entries    INTEGER NOT NULL DEFAULT 0,
    bytes      INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Its messages and what was done to them, in the order of `id`, which is never used again.
CREATE TABLE journal (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    account      INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    at           INTEGER NOT NULL,  -- microseconds since 1970; within an account it only grows
    contact      TEXT    NOT NULL,  -- as the client wrote it
    contact_key  TEXT    NOT NULL,  -- as account.name
    timestamp    TEXT    NOT NULL,  -- ISO 8601, of the message
    wanted       TEXT    NOT NULL,  -- reports still wanted, separated by commas
    message_id   TEXT    NOT NULL,
    content_type TEXT    NOT NULL,
    content      TEXT    NOT NULL,
    direction    TEXT    NOT NULL,  -- incoming, outgoing, or empty for what is no message
    state        TEXT,
    weight       INTEGER NOT NULL   -- bytes it counts for
) STRICT;
CREATE INDEX journal_order ON journal (account, id);
CREATE INDEX journal_time ON journal (account, at);
CREATE INDEX journal_message ON journal (account, message_id);
CREATE INDEX journal_contact ON journal (account, contact_key);

-- Contacts, groups and policies of an account's address book.
CREATE TABLE address_book (
    account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    kind    TEXT    NOT NULL,
    id      TEXT    NOT NULL,
    item    TEXT    NOT NULL,  -- JSON
    PRIMARY KEY (account, kind, id)
) STRICT, WITHOUT ROWID;

-- Where push servers reach an account's devices; the oldest has the lowest `id`.
CREATE TABLE device (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    account  INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    key      TEXT    NOT NULL,  -- <app>-<device>
    token    TEXT    NOT NULL,
    platform TEXT    NOT NULL,
    device   TEXT    NOT NULL,
    silent   INTEGER NOT NULL,
    app      TEXT    NOT NULL,
    UNIQUE (account, key)
) STRICT;
