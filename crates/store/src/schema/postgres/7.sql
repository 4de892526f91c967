-- As ../sqlite/7.sql.
CREATE TABLE event_position (
    id       BIGINT PRIMARY KEY CHECK (id = 1),
    position BIGINT NOT NULL
);
INSERT INTO event_position VALUES (1, 0);
