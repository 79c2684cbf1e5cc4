//! Active response with real programs, in networks of the tests' own.

mod by_rule;
mod commands;
mod confirm;
mod hostile;
mod lockout;
mod scripts;
mod town;
mod webhook;
