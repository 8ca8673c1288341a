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
    ends      INTEGER NOT NULL,
    doc       BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS messages_id ON messages (id);
CREATE INDEX IF NOT EXISTS messages_ends ON messages (key >> 40, ends);

CREATE TABLE IF NOT EXISTS inbound (
    key      INTEGER PRIMARY KEY,
    provider TEXT NOT NULL,
    at       INTEGER NOT NULL,
    doc      BLOB NOT NULL
);

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
