//! Active response: what is done about what rules found, by whom, for how
//! long, and what became of it.
//!
//! | room | what happens there |
//! |---|---|
//! | [`binding`] | which rules have which responses |
//! | [`occasion`] | an alert that somebody may have to answer |
//! | [`decide`] | what is done about it, where, for how long, or why not |
//! | [`allow`] | who is never blocked |
//! | [`history`] | what was decided, and what became of it |
//! | [`desk`] | what waits for the thread that carries responses out |
//! | [`request`], [`rows`] | what people ask for, and what they are told |
//! | [`datagram`], [`socket`] | the same, as tools of OSSEC and Wazuh ask |
//! | [`dispatch`] | that thread: decided, written down, sent |
//! | [`order`] | an order on its way |
//! | [`local`] | responses on the manager's own machine |
//! | [`reports`] | what agents report goes into the history |
//! | [`backtest`] | the same over old logs, with nothing carried out |

pub mod allow;
pub mod backtest;
pub mod binding;
pub mod datagram;
pub mod decide;
pub mod desk;
pub mod dispatch;
pub mod history;
pub mod local;
pub mod occasion;
pub mod order;
pub mod reports;
pub mod request;
pub mod rows;
#[cfg(test)]
mod sample;
pub mod socket;

pub use order::OwnedOrder;
