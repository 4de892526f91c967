-- Objects of configuration that programs make, change and remove (event-api.md §8).

-- One row for each realm that has had an object: how many it has.
CREATE TABLE object_realm (
    realm   TEXT    NOT NULL PRIMARY KEY,
    objects INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The objects, in the order in which they were made, which is that of `number`; it is never used again.
CREATE TABLE object (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    realm  TEXT    NOT NULL,
    kind   TEXT    NOT NULL,
    id     TEXT    NOT NULL,
    parent INTEGER REFERENCES object (number),  -- what it belongs to, and is removed with
    json   TEXT    NOT NULL,
    UNIQUE (realm, kind, id)
) STRICT;
CREATE INDEX object_order ON object (realm, number);
CREATE INDEX object_parent ON object (parent) WHERE parent IS NOT NULL;

-- What no two objects of a kind may have in common within a scope.
CREATE TABLE object_unique (
    realm  TEXT    NOT NULL,
    kind   TEXT    NOT NULL,
    member TEXT    NOT NULL,
    scope  TEXT    NOT NULL,
    value  TEXT    NOT NULL,
    object INTEGER NOT NULL REFERENCES object (number) ON DELETE CASCADE,
    PRIMARY KEY (realm, kind, member, scope, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX object_unique_object ON object_unique (object);
