-- Keys are sandbox * 2^40 + number: one ordered integer, so rows are appended, a sandbox is a range
-- of keys, and a sandbox is emptied by giving it a new number.

CREATE TABLE IF NOT EXISTS sandboxes (
    number INTEGER PRIMARY KEY,
    name   TEXT NOT NULL UNIQUE,
    doc    BLOB NOT NULL
);

CREATE TABLE IF NOT EXISTS messages (
    key       INTEGER PRIMARY KEY,
    id        TEXT NOT NULL,
    provider  TEXT NOT NULL,
    recipient TEXT NOT NULL,
    others    TEXT,          -- recipients that only one channel has, a line each
    reference TEXT,          -- the client's own id
    doc       BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS messages_id ON messages (id);
CREATE INDEX IF NOT EXISTS messages_reference ON messages (reference) WHERE reference IS NOT NULL;
-- Block by block of 512 keys: what is written together stands together, so that it costs little.
CREATE INDEX IF NOT EXISTS messages_recipient ON messages ((key >> 9), recipient);
CREATE INDEX IF NOT EXISTS messages_others ON messages ((key >> 9), others) WHERE others IS NOT NULL;

-- How many steps of the messages of a block fall on a time, and how many plans are over then.
CREATE TABLE IF NOT EXISTS steps (
    sandbox INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    block   INTEGER NOT NULL,
    count   INTEGER NOT NULL,
    ends    INTEGER NOT NULL,
    PRIMARY KEY (sandbox, at, block)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS inbound (
    key      INTEGER PRIMARY KEY,
    provider TEXT NOT NULL,
    sender   TEXT NOT NULL, -- without plus
    at       INTEGER NOT NULL,
    doc      BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS inbound_at ON inbound ((key >> 40), at);
CREATE INDEX IF NOT EXISTS inbound_sender ON inbound ((key >> 40), sender, at);

CREATE TABLE IF NOT EXISTS callbacks (
    key     INTEGER PRIMARY KEY,
    sandbox INTEGER NOT NULL,
    subject INTEGER NOT NULL,
    due     INTEGER NOT NULL,
    host    TEXT NOT NULL,
    state   TEXT NOT NULL,
    doc     BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS callbacks_due ON callbacks (sandbox, host, due, key) WHERE state = 'pending';
CREATE INDEX IF NOT EXISTS callbacks_given_up ON callbacks (sandbox, key) WHERE state IN ('failed', 'refused');
CREATE INDEX IF NOT EXISTS callbacks_subject ON callbacks (subject);

CREATE TABLE IF NOT EXISTS journal (
    key      INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    kind     TEXT NOT NULL,
    provider TEXT NOT NULL,
    subject  INTEGER NOT NULL,
    doc      BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS journal_attempts ON journal (subject) WHERE kind = 'attempt';

CREATE TABLE IF NOT EXISTS records (
    sandbox  INTEGER NOT NULL,
    provider TEXT NOT NULL,
    kind     TEXT NOT NULL,
    key      TEXT NOT NULL,
    doc      BLOB NOT NULL,
    PRIMARY KEY (sandbox, provider, kind, key)
);
