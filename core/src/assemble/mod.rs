//! Lines to records, one small machine per log format.
