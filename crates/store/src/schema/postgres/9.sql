-- As ../sqlite/9.sql.
CREATE TABLE console_alias (
    name    TEXT NOT NULL PRIMARY KEY,
    command TEXT NOT NULL
);
