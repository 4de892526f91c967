-- Values of db and dial strings of group (event-socket.md 6.8).
CREATE TABLE kept_value (
    realm TEXT NOT NULL,
    name  TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (realm, name)
) STRICT;
CREATE TABLE group_member (
    group_name TEXT    NOT NULL,
    member     TEXT    NOT NULL,  -- a dial string
    place      INTEGER NOT NULL,  -- those with a smaller one come before it
    PRIMARY KEY (group_name, member)
) STRICT;
