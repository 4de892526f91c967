-- As ../sqlite/10.sql.
CREATE TABLE fifo_member (
    fifo         TEXT    NOT NULL,
    dial         TEXT    NOT NULL,  -- a dial string
    simultaneous BIGINT  NOT NULL,  -- calls at one time
    ring_s       BIGINT  NOT NULL,
    lag_s        BIGINT  NOT NULL,
    takes_calls  BIGINT  NOT NULL,  -- 0 or 1
    expires      BIGINT ,           -- microseconds since 1970
    PRIMARY KEY (fifo, dial)
);
