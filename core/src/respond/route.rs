//! Answers that go nowhere: routes to a black hole.
//!
//! They have a metric of their own, so that no other route to the same
//! network is replaced or deleted.

use super::network::Network;
use super::slot::{ADDING, Batch};
use super::text::Text;

fn line(text: &mut Text<'_>, command: &str, network: &Network) {
    text.add(command);
    text.address(network.address());
    text.add("/");
    text.number(network.length().into());
    text.add(" metric 7\n");
}

/// Writes the script of a job. What is deleted is made sure of first, so that
/// it is no error if it was gone.
pub(super) fn write(text: &mut Text<'_>, batch: Batch<'_>) {
    for (slot, network) in batch.networks() {
        line(text, "route replace blackhole ", &network);
        if !slot.has(ADDING) {
            line(text, "route del blackhole ", &network);
        }
    }
}
