//! The spool against a plain list of records and a plain ledger, through
//! broken connections, restarts and power cuts at any byte.

extern crate std;

mod model;
mod single;

use model::{Operation, World};
use proptest::prelude::*;
use std::vec::Vec;

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        10 => (1..24u16, 0..3000usize).prop_map(|(source, len)| Operation::Push { source, len }),
        3 => (1..24u16, 0..20usize, 1..100usize)
            .prop_map(|(source, len, times)| Operation::Burst { source, len, times }),
        2 => Just(Operation::Flush),
        8 => (400..9000usize).prop_map(|room| Operation::Send { room }),
        6 => Just(Operation::Commit),
        5 => Just(Operation::Acknowledge),
        1 => Just(Operation::Break),
    ]
}

fn any_operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        30 => operation(),
        1 => Just(Operation::Restart),
        1 => Just(Operation::RestartAlone),
        1 => (0..20_000usize).prop_map(|bytes| Operation::Cut { bytes }),
        1 => (0..200usize).prop_map(|bytes| Operation::Cut { bytes }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_record_arrives_once_or_is_counted(
        blocks in 3..7usize,
        operations in proptest::collection::vec(operation(), 1..150),
    ) {
        let mut world = World::new(blocks);
        operations.into_iter().for_each(|operation| world.perform(operation));
        world.drain();
        world.check_all_are_accounted_for();
    }

    #[test]
    fn power_cuts_cost_only_what_was_not_flushed(
        blocks in 3..7usize,
        operations in proptest::collection::vec(any_operation(), 1..150),
    ) {
        let mut world = World::new(blocks);
        operations.into_iter().for_each(|operation| world.perform(operation));
        world.drain();
        world.check_flushed_are_accounted_for();
    }
}

/// A block of three states, written one after the other; the power fails
/// after each of the bytes.
#[test]
fn a_write_torn_at_any_byte_costs_nothing_that_was_flushed() {
    for cut in 0..3 * crate::limits::BLOCK_SIZE {
        let mut world = World::new(3);
        world.perform(Operation::Cut { bytes: cut });
        for _ in 0..3 {
            world.perform(Operation::Push { source: 1, len: 300 });
            world.perform(Operation::Flush);
        }
        world.perform(Operation::Restart);
        world.drain();
        world.check_flushed_are_accounted_for();
    }
}

#[test]
fn a_full_spool_tells_each_source_its_losses() {
    let mut world = World::new(3);
    for source in 1..=3 {
        world.perform(Operation::Burst { source, len: 1000, times: 15 });
    }
    world.drain();
    world.check_all_are_accounted_for();
    let lost: Vec<_> = (0..=3).map(|source| world.lost(source)).collect();
    assert!(lost[0] == 0 && lost[1] > 0 && lost[3] == 0, "the oldest goes, and has a source: {lost:?}");
    assert!(world.order_of_arrival().is_sorted());
}
