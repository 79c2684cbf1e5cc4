//! The tables, and how older ones become those of today.

/// Each changes the tables from one version to the next. All times are seconds
/// since 1970.
pub(super) const STEPS: [&str; 2] = [
    "
    -- One row: what makes numbers of parcels unlike those of other managers.
    CREATE TABLE self (instance INTEGER NOT NULL);
    INSERT INTO self SELECT random();
    CREATE TABLE destinations (
        name TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        -- Last alert that is done with.
        cursor INTEGER NOT NULL,
        budget BLOB NOT NULL,
        held INTEGER NOT NULL,
        -- Attempts that failed since the last parcel was taken.
        failures INTEGER NOT NULL DEFAULT 0,
        error TEXT NOT NULL DEFAULT '',
        error_at INTEGER NOT NULL DEFAULT 0,
        -- Since when it counts as out of order.
        broken_since INTEGER,
        next_attempt INTEGER,
        delivered INTEGER NOT NULL DEFAULT 0,
        delivered_at INTEGER,
        -- Since when it is no longer configured.
        removed INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE parcels (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        destination TEXT NOT NULL,
        payload BLOB NOT NULL,
        about TEXT NOT NULL,
        -- Whether it counts for the limit of an hour.
        counts INTEGER NOT NULL,
        made INTEGER NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX parcels_of ON parcels (destination, number);
    CREATE TABLE refused (
        number INTEGER PRIMARY KEY,
        destination TEXT NOT NULL,
        payload BLOB NOT NULL,
        about TEXT NOT NULL,
        made INTEGER NOT NULL,
        refused INTEGER NOT NULL,
        reason TEXT NOT NULL
    ) STRICT;
    CREATE INDEX refused_at ON refused (refused);
    CREATE TABLE notices (
        destination TEXT NOT NULL,
        key TEXT NOT NULL,
        -- NULL when it has become a parcel.
        notice BLOB,
        made INTEGER NOT NULL,
        PRIMARY KEY (destination, key)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE replays (
        destination TEXT PRIMARY KEY,
        -- The last alert that is done with, and the last that is wanted.
        cursor INTEGER NOT NULL,
        until INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
",
    "
    CREATE TABLE logs (
        destination TEXT NOT NULL,
        log TEXT NOT NULL,
        -- Behind the last line that is in a parcel.
        place BLOB NOT NULL,
        PRIMARY KEY (destination, log)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE readings (
        destination TEXT PRIMARY KEY,
        -- Lines of before this are of no interest.
        since INTEGER,
        -- When logs were read last.
        read INTEGER
    ) STRICT, WITHOUT ROWID;
",
];
