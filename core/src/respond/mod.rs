//! Active response: what is to be done about somebody, checked, done once,
//! and undone on time.
//!
//! The rooms, in the order in which an order meets them:
//!
//! | room | what happens there |
//! |---|---|
//! | [`order`] | what a manager asks for |
//! | [`network`] | an address, or a range of them |
//! | [`shield`] | who is never blocked |
//! | [`journal`] | what must outlive the process |
//! | [`responder`] | what is to be done now, and what is to be undone |
//! | [`ipset`] | the packet filter of older machines |
//! | [`hosts_deny`] | a file of networks that are turned away |
//! | [`account`] | whose password may be locked |
//! | [`script`] | what scripts of the users are told |
//! | [`report`] | what became of it |
//!
//! Nothing here starts a program: the host is told what to run, and says how
//! it ended.

pub mod account;
pub mod hosts_deny;
pub mod ipset;
pub mod journal;
pub mod network;
mod nft;
mod note;
pub mod order;
pub mod report;
pub mod responder;
mod route;
pub mod script;
pub mod shield;
mod slot;
mod text;
