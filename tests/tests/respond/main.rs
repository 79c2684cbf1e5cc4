//! Active response with real programs, in networks of the tests' own.

mod by_rule;
mod commands;
mod town;
