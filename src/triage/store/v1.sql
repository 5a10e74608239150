-- Version 1: runs, alerts, notes and the journal. Times are microseconds since 1970-01-01 UTC.

PRAGMA application_id = 1414681426;

CREATE TABLE run (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    source_id TEXT NOT NULL,
    source_name TEXT NOT NULL,
    recipe TEXT NOT NULL,
    n_rows INTEGER NOT NULL,
    n_features INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    duration_micros INTEGER NOT NULL,
    seed INTEGER NOT NULL,
    metrics TEXT NOT NULL,
    n_alerts INTEGER NOT NULL,
    n_new INTEGER NOT NULL DEFAULT 0,
    n_updated INTEGER NOT NULL DEFAULT 0,
    n_gone INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE alert (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- What the machine found. Overwritten by every run that finds the alert again.
    source_id TEXT NOT NULL,
    source_name TEXT NOT NULL,
    entity TEXT,
    start_row INTEGER NOT NULL,
    end_row INTEGER NOT NULL,
    peak_row INTEGER NOT NULL,
    start_time INTEGER,
    end_time INTEGER,
    peak_time INTEGER,
    n_rows INTEGER NOT NULL,
    peak_score REAL NOT NULL,
    severity INTEGER NOT NULL CHECK (severity BETWEEN 0 AND 3),
    sentence TEXT NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    last_run INTEGER NOT NULL REFERENCES run (id),
    n_runs INTEGER NOT NULL DEFAULT 1,
    is_current INTEGER NOT NULL DEFAULT 1 CHECK (is_current IN (0, 1)),
    -- What people made of it. Changed only together with an entry of the journal.
    status TEXT NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'acknowledged', 'closed')),
    verdict TEXT CHECK (verdict IN ('true_positive', 'false_positive', 'benign', 'duplicate')),
    closed_severity INTEGER CHECK (closed_severity BETWEEN 0 AND 3),
    assignee TEXT,
    tags TEXT NOT NULL DEFAULT '[]',
    touched INTEGER NOT NULL DEFAULT 0 CHECK (touched IN (0, 1)),
    -- Lower-cased words to search.
    found_text TEXT NOT NULL,
    work_text TEXT NOT NULL DEFAULT '',
    CHECK ((status = 'closed') = (verdict IS NOT NULL)),
    CHECK ((status = 'closed') = (closed_severity IS NOT NULL))
) STRICT;

-- The queue in its order, with what its filters look at, so that rows left out are never read.
CREATE INDEX alert_queue ON alert (
    severity DESC, peak_score DESC, id, is_current, touched, status, source_id, entity, closed_severity
);
CREATE INDEX alert_source ON alert (source_id, is_current);
CREATE INDEX alert_entity ON alert (entity);

-- Kept apart because lists never show it.
CREATE TABLE alert_detail (
    alert_id INTEGER PRIMARY KEY REFERENCES alert (id),
    votes TEXT NOT NULL,
    features TEXT NOT NULL
) STRICT;

CREATE TABLE note (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    alert_id INTEGER NOT NULL REFERENCES alert (id),
    author TEXT NOT NULL,
    at INTEGER NOT NULL,
    text TEXT NOT NULL,
    -- 0 after the note was undone.
    is_live INTEGER NOT NULL DEFAULT 1 CHECK (is_live IN (0, 1))
) STRICT;

CREATE INDEX note_alert ON note (alert_id, is_live);

CREATE TRIGGER note_text_is_final BEFORE UPDATE OF id, alert_id, author, at, text ON note
BEGIN SELECT RAISE(ABORT, 'notes are never rewritten'); END;

CREATE TRIGGER note_stays BEFORE DELETE ON note
BEGIN SELECT RAISE(ABORT, 'notes are never deleted'); END;

CREATE TABLE journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    author TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('action', 'undo', 'redo')),
    action TEXT NOT NULL,
    -- The entry that an undo or redo takes back. No entry is taken back twice.
    reverts INTEGER UNIQUE REFERENCES journal (id),
    CHECK ((kind = 'action') = (reverts IS NULL))
) STRICT;

CREATE INDEX journal_author ON journal (author, kind, id);

-- The work on one alert before and after an entry.
CREATE TABLE journal_item (
    journal_id INTEGER NOT NULL REFERENCES journal (id),
    alert_id INTEGER NOT NULL REFERENCES alert (id),
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    PRIMARY KEY (journal_id, alert_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX journal_item_alert ON journal_item (alert_id);

-- The journal only grows: entries are neither changed nor deleted nor replaced, and old ones get no new items.
CREATE TRIGGER journal_is_final BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is never rewritten'); END;

CREATE TRIGGER journal_stays BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is never rewritten'); END;

CREATE TRIGGER journal_is_not_replaced BEFORE INSERT ON journal
WHEN EXISTS (SELECT 1 FROM journal WHERE id = NEW.id OR reverts = NEW.reverts)
BEGIN SELECT RAISE(ABORT, 'the journal is never rewritten'); END;

CREATE TRIGGER journal_item_is_final BEFORE UPDATE ON journal_item
BEGIN SELECT RAISE(ABORT, 'the journal is never rewritten'); END;

CREATE TRIGGER journal_item_stays BEFORE DELETE ON journal_item
BEGIN SELECT RAISE(ABORT, 'the journal is never rewritten'); END;

CREATE TRIGGER journal_item_is_not_replaced BEFORE INSERT ON journal_item
WHEN NEW.journal_id <> (SELECT max(id) FROM journal)
    OR EXISTS (SELECT 1 FROM journal_item WHERE journal_id = NEW.journal_id AND alert_id = NEW.alert_id)
BEGIN SELECT RAISE(ABORT, 'the journal is never rewritten'); END;
