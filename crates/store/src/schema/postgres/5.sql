-- As ../sqlite/5.sql.
CREATE TABLE voice_message (
    id            TEXT   PRIMARY KEY,
    mailbox       TEXT   NOT NULL,
    domain        TEXT   NOT NULL,
    caller_name   TEXT   NOT NULL,
    caller_number TEXT   NOT NULL,
    left_at       BIGINT NOT NULL,
    read_at       BIGINT,
    length_ms     BIGINT NOT NULL,
    file          TEXT   NOT NULL
);
CREATE INDEX voice_message_time ON voice_message (left_at, id);
