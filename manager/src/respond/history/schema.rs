//! The table, and how an older database becomes one of today.

/// What changes a database from one version to the next; the number of steps
/// is the version of today.
///
/// `target` is the address, range, user or file as one text; `first` and
/// `last` are the ends of the range in 16 bytes, IPv4 in its IPv6 form; `wide`
/// is the range around a single address that may take its place.
pub(super) const STEPS: [&str; 2] = [
    "
CREATE TABLE responses (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  time INTEGER NOT NULL,
  response TEXT NOT NULL,
  means TEXT NOT NULL,
  agent INTEGER NOT NULL,
  target TEXT NOT NULL,
  network TEXT,
  first BLOB,
  last BLOB,
  wide TEXT,
  user TEXT NOT NULL,
  file TEXT NOT NULL,
  for_s INTEGER NOT NULL,
  state TEXT NOT NULL,
  since INTEGER NOT NULL,
  why TEXT NOT NULL,
  rule INTEGER NOT NULL,
  level INTEGER NOT NULL,
  alert TEXT NOT NULL,
  location TEXT NOT NULL,
  excerpt TEXT NOT NULL,
  offence INTEGER NOT NULL,
  confirm_by INTEGER,
  full_s INTEGER NOT NULL,
  began INTEGER,
  ends_at INTEGER,
  undo INTEGER NOT NULL,
  dry INTEGER NOT NULL
);
CREATE INDEX by_time ON responses (time);
CREATE INDEX by_target ON responses (response, target, time);
CREATE INDEX by_agent ON responses (agent, response, time);
CREATE INDEX alive ON responses (agent, means, target)
  WHERE state IN ('decided', 'sent', 'done', 'failed', 'dry-run');
CREATE INDEX by_range ON responses (response, agent, wide, ends_at) WHERE wide IS NOT NULL;
CREATE INDEX to_undo ON responses (agent) WHERE undo = 1;
",
    // A history without rows may be the next one of a manager whose first one
    // was deleted.
    "
INSERT INTO sqlite_sequence (name, seq)
  SELECT 'responses', CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)
  WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'responses');
",
];
