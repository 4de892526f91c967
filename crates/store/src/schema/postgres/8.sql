-- As ../sqlite/8.sql.
CREATE TABLE kept_value (
    realm TEXT NOT NULL,
    name  TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (realm, name)
);
CREATE TABLE group_member (
    group_name TEXT    NOT NULL,
    member     TEXT    NOT NULL,  -- a dial string
    place      BIGINT  NOT NULL,  -- those with a smaller one come before it
    PRIMARY KEY (group_name, member)
);
