//! What packet filters say, counted: who knocks, where, how often, and which
//! lines were not understood.
//!
//! | room | what happens there |
//! |---|---|
//! | [`tally`] | counts of sources, targets, ports, rules |
//! | [`shape`] | lines that are not understood, grouped by what they look like |

pub mod shape;
pub mod tally;
