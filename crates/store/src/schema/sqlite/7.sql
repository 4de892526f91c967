-- How far numbers of events may have been given out; one row.
CREATE TABLE event_position (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    position INTEGER NOT NULL
) STRICT;
INSERT INTO event_position VALUES (1, 0);
