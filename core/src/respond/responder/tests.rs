//! The responder on a machine that is killed, rebooted and cut off, against a
//! plain table of what must be in force until when.

extern crate std;

mod cuts;
mod disk;
mod machine;
mod single;
mod world;

use proptest::prelude::*;
use world::{Ending, Event, HOUR, TARGETS, Wall, World, YEAR};

fn ending() -> impl Strategy<Value = Ending> {
    prop_oneof![
        4 => Just(Ending::Done),
        1 => Just(Ending::NotDone),
        1 => Just(Ending::UnsureDone),
        1 => Just(Ending::UnsureNotDone),
    ]
}

fn for_s() -> impl Strategy<Value = u32> {
    prop_oneof![3 => 1..100_u32, 2 => 100..100_000_u32, 1 => Just(0_u32), 1 => Just(u32::MAX)]
}

fn order() -> impl Strategy<Value = Event> {
    prop_oneof![
        12 => (0..TARGETS, for_s()).prop_map(|(target, for_s)| Event::Begin { target, for_s }),
        2 => (0..8_u64).prop_map(|back| Event::Again { back }),
        3 => (0..8_u64, for_s()).prop_map(|(back, for_s)| Event::Renew { back, for_s }),
        3 => (0..8_u64).prop_map(|back| Event::End { back }),
        1 => Just(Event::EndAll),
        1 => (0..TARGETS).prop_map(|target| Event::Guard { target }),
    ]
}

fn jump() -> impl Strategy<Value = Event> {
    let ms = prop_oneof![
        Just(50 * YEAR as i64),
        Just(-50 * (YEAR as i64)),
        Just(240 * HOUR as i64),
        Just(-240 * (HOUR as i64))
    ];
    ms.prop_map(|ms| Event::WallJump { ms })
}

fn nudge() -> impl Strategy<Value = Event> {
    (-2500..=2500_i64).prop_map(|ms| Event::WallNudge { ms })
}

fn plain() -> impl Strategy<Value = Event> {
    prop_oneof![
        22 => order(),
        4 => (0..200_000_u64).prop_map(|ms| Event::Wait { ms }),
        1 => (0..5 * HOUR).prop_map(|ms| Event::Wait { ms }),
        10 => Just(Event::Give),
        8 => (0..8_usize, ending()).prop_map(|(which, ending)| Event::Finish { which, ending }),
        1 => Just(Event::Flush),
        1 => Just(Event::Empty),
        1 => jump(),
        1 => nudge(),
    ]
}

fn crash() -> impl Strategy<Value = Event> {
    let down = || prop_oneof![Just(0_u64), 0..600_000_u64, 0..100 * HOUR];
    let wall = prop_oneof![3 => Just(Wall::Right), 1 => Just(Wall::Ahead), 1 => Just(Wall::Behind)];
    let after = prop_oneof![1 => Just(None), 2 => (0..400_usize).prop_map(Some)];
    prop_oneof![
        (any::<bool>(), down()).prop_map(|(are_done, down)| Event::Kill { are_done, down }),
        (after, 0..400_usize, down(), wall).prop_map(|(after, unsynced, down, wall)| Event::Cut {
            after,
            unsynced,
            down,
            wall
        }),
    ]
}

fn disk() -> impl Strategy<Value = Event> {
    let unreadable = prop_oneof![2 => Just(None), 1 => (0..2000_usize).prop_map(Some)];
    (any::<bool>(), any::<bool>(), unreadable).prop_map(|(is_full, is_stuck, unreadable)| Event::Disk {
        is_full,
        is_stuck,
        unreadable,
    })
}

fn run(events: &[Event]) -> World {
    let mut world = World::new();
    events.iter().for_each(|event| world.happen(event));
    world
}

proptest! {
    // 128, or half of what the environment asks for.
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 2, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_in_force_is_undone_on_time_and_told_once(
        events in proptest::collection::vec(plain(), 1..80),
    ) {
        let mut world = run(&events);
        world.end();
        prop_assert!(world.ends().values().all(|ends| *ends == 1), "{:?}", world.reports);
    }

    #[test]
    fn no_kill_and_no_power_cut_loses_an_undo(
        events in proptest::collection::vec(prop_oneof![8 => plain(), 1 => crash()], 1..80),
    ) {
        let mut world = run(&events);
        world.end();
    }

    #[test]
    fn a_disk_that_fails_refuses_orders_and_keeps_undoing(
        events in proptest::collection::vec(prop_oneof![8 => plain(), 1 => disk()], 1..80),
    ) {
        let mut world = run(&events);
        world.end();
    }
}
