//! Reports, as people ask for them.

mod input;
mod reference;
