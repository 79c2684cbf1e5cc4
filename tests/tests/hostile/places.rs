//! Databases of places that are cut or have flipped bits.

use bartizan::places::Atlas;
use bartizan_tests::mmdb;
use std::net::IpAddr;

/// Damaged copies of each kind.
const COPIES: usize = 3000;

/// Numbers that are the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

/// Asks a database, if it is one, where a few addresses are.
fn ask(bytes: Vec<u8>) {
    let addresses = ["2.136.147.146", "41.78.120.9", "8.8.8.8", "2a00:1450::7", "1.1.1.1", "2.136.0.1"];
    let mut atlas = Atlas::default();
    if atlas.add(bytes).is_err() {
        return;
    }
    for address in addresses {
        let address: IpAddr = address.parse().expect("an address");
        let place = atlas.find(address).map(|place| place.to_string());
        assert!(place.is_none_or(|place| place.len() < 200 && !place.contains(char::is_control)));
    }
}

#[test]
fn a_database_that_was_cut_anywhere_breaks_nothing() {
    let whole = mmdb::database(&mmdb::ROWS);
    (0..whole.len()).for_each(|end| ask(whole[..end].to_vec()));
}

#[test]
fn a_database_with_flipped_bits_breaks_nothing() {
    let whole = mmdb::database(&mmdb::ROWS);
    let mut random = Random(7);
    for _ in 0..COPIES {
        let mut bytes = whole.clone();
        for _ in 0..=random.below(4) {
            let at = random.below(bytes.len());
            bytes[at] ^= 1 << random.below(8);
        }
        ask(bytes);
    }
}

#[test]
fn a_database_with_other_bytes_in_it_breaks_nothing() {
    let whole = mmdb::database(&mmdb::ROWS);
    // Most of it is the tree: the data and what is said of them are behind it.
    let data = whole.windows(16).rposition(|bytes| bytes == [0; 16]).expect("the tree has an end");
    let mut random = Random(9);
    for _ in 0..COPIES {
        let mut bytes = whole.clone();
        for _ in 0..=random.below(6) {
            let at = data + random.below(bytes.len() - data);
            bytes[at] = [0, 0xff, 0x20, random.below(256) as u8][random.below(4)];
        }
        ask(bytes);
    }
}
