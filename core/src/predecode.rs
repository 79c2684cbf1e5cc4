//! Header of a record.
