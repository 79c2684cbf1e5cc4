//! The tables, and how an older database becomes one of today.

/// What changes a database from one version to the next; the number of steps
/// is the version of today. Agent 0 is the manager, for the sources it reads
/// itself; its name is none that an agent can have.
pub(super) const STEPS: [&str; 2] = ["
CREATE TABLE agents (
  id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id BETWEEN 0 AND 4294967295),
  name TEXT NOT NULL UNIQUE,
  key BLOB UNIQUE CHECK (length(key) = 32),
  groups TEXT NOT NULL DEFAULT '',
  created INTEGER NOT NULL,
  enrolled INTEGER,
  first_seen INTEGER,
  last_seen INTEGER,
  connected INTEGER NOT NULL DEFAULT 0,
  duplicated INTEGER NOT NULL DEFAULT 0,
  since INTEGER NOT NULL,
  address TEXT NOT NULL DEFAULT '',
  version TEXT NOT NULL DEFAULT '',
  system TEXT NOT NULL DEFAULT '',
  hostname TEXT NOT NULL DEFAULT '',
  incarnation INTEGER NOT NULL DEFAULT 0,
  incarnation_before INTEGER NOT NULL DEFAULT 0,
  configuration INTEGER,
  configuration_state TEXT,
  configuration_why TEXT,
  configuration_since INTEGER
);
CREATE TABLE tokens (
  agent INTEGER PRIMARY KEY REFERENCES agents (id) ON DELETE CASCADE,
  hash BLOB NOT NULL CHECK (length(hash) = 32),
  expires INTEGER NOT NULL,
  used INTEGER
);
CREATE TABLE sources (
  agent INTEGER NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  position BLOB,
  records INTEGER NOT NULL DEFAULT 0,
  last_event INTEGER,
  period INTEGER,
  lost INTEGER NOT NULL DEFAULT 0,
  lost_first INTEGER,
  lost_last INTEGER,
  PRIMARY KEY (agent, name)
) WITHOUT ROWID;
CREATE TABLE outputs (
  path TEXT PRIMARY KEY,
  size INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE ossec_keys (
  agent INTEGER PRIMARY KEY REFERENCES agents (id) ON DELETE CASCADE,
  address TEXT NOT NULL,
  key TEXT NOT NULL
);
INSERT INTO agents (id, name, created, since) VALUES (0, '', 0, 0);
", "
CREATE TABLE stored (id INTEGER PRIMARY KEY CHECK (id = 0), seq INTEGER NOT NULL);
"];
