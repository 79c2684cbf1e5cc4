//! A real agent that is ordered about by a stand-in manager, on a machine of
//! its own: network name spaces, a packet filter, an `/etc`.
//!
//! It takes root, `nft`, `ip`, `ipset`, `iptables`, `mount` and `passwd`.

mod blocking;
#[path = "../keeper/mod.rs"]
mod keeper;
mod local;
mod many;
mod restarts;
mod scripts;
mod shielding;
mod world;

use bartizan_core::respond::network::Network;
use bartizan_core::respond::order::{Begin, Means, Order, What};
use bartizan_core::respond::report::{PLACE, Report, State};
use keeper::{Keeper, Ledger};
use std::path::Path;

/// An order to begin something with an address; none if it is empty.
fn begin(id: u64, means: Means<'static>, address: &str, for_s: u32) -> Order<'static> {
    Order { id, what: What::Begin(plain(means, address, for_s)) }
}

fn plain(means: Means<'static>, address: &str, for_s: u32) -> Begin<'static> {
    Begin {
        response: "test",
        means,
        network: Network::parse(address),
        user: "",
        file: "",
        for_s,
        dry_run: false,
        alert: "1764000000.42",
        rule: 5712,
        location: "(gate) any->/var/log/auth.log",
    }
}

impl Keeper {
    fn order(&self, order: Order<'static>) {
        self.ways.orders.lock().unwrap().push_back(order);
    }

    /// Waits until a response was reported to be so; gives the line.
    fn wait_for(&self, id: u64, state: State) -> String {
        let mut line = None;
        self.wait(&format!("response {id} {}", state.word()), |ledger| {
            line = reports(ledger)
                .find(|report| (report.id, report.state) == (id, state))
                .map(|r| r.to_string());
            line.is_some()
        });
        line.unwrap()
    }

    /// How often a response was reported to be so.
    fn count(&self, id: u64, state: State) -> usize {
        reports(&self.ledger()).filter(|report| (report.id, report.state) == (id, state)).count()
    }
}

fn reports(ledger: &Ledger) -> impl Iterator<Item = Report<'_>> {
    let lines = ledger.of(Path::new(PLACE)).into_iter();
    // Some are about all responses.
    lines.filter(|line| !line.starts_with("bartizan: responses ")).map(|line| Report::read(line).expect(line))
}
