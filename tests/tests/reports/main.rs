//! Reports, as people ask for them.

mod reference;
