//! Active response: what is done about what rules found, by whom, for how
//! long, and what became of it.
//!
//! | room | what happens there |
//! |---|---|
//! | [`binding`] | which rules have which responses |
//! | [`occasion`] | an alert that somebody may have to answer |
//! | [`decide`] | what is done about it, where, for how long, or why not |
//! | [`history`] | what was decided, and what became of it |

pub mod binding;
pub mod decide;
pub mod history;
pub mod occasion;
