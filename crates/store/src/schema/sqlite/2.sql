-- Accounts of other domains have places of their own, fewer, for which they make room for each other.

-- When such an account used its place last, in microseconds since 1970; NULL for an account of ours, which stays.
ALTER TABLE account ADD COLUMN used INTEGER;
CREATE INDEX account_used ON account (used) WHERE used IS NOT NULL;
