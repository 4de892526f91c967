-- As ../sqlite/2.sql.

ALTER TABLE account ADD COLUMN used BIGINT;
CREATE INDEX account_used ON account (used) WHERE used IS NOT NULL;
