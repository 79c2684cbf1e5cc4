//! Mail: alerts, reports and digests for people.
//!
//! | room | what happens there |
//! |---|---|
//! | [`recipient`] | one address: a destination of its own |
//! | [`account`] | how mail leaves this machine, and whom it is from |

pub mod account;
pub mod recipient;

pub use account::{Account, Route};
pub use recipient::{Addressee, Recipient, Wish, addressees};
