//! One `<command>`.
