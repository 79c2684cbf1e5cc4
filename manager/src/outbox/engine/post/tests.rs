//! The promises of this room, over a list of alerts and a destination that
//! fails when it is told to.

use super::*;
use crate::alert::{Alert, AlertId, Rule};
use crate::config::{Selection, Terms};
use crate::outbox::Parcel;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

const NOON: i64 = 1_795_176_000;

/// The store.
type Alerts = Arc<Mutex<Vec<Entry>>>;

/// What a destination has seen and what it does next.
#[derive(Debug, Default)]
struct Behaviour {
    /// Parcels that were confirmed, in order, with repetitions.
    taken: Vec<Parcel>,
    /// Attempts, confirmed or not.
    attempts: Vec<Parcel>,
    next: Option<Failure>,
}

#[derive(Debug)]
struct Fake(Arc<Mutex<Behaviour>>);

impl Destination for Fake {
    fn parcel_max(&self) -> usize {
        5
    }

    fn render(&self, _id: &str, content: &Content) -> Vec<u8> {
        let alerts = content.alerts.iter().map(|entry| format!("{} ", entry.seq));
        let held = content.held_back.iter().map(|row| format!("+{} ", row.count));
        let notice = content.notice.iter().map(|notice| format!("[{}]", notice.title));
        alerts.chain(held).chain(notice).collect::<String>().trim_end().into()
    }

    fn deliver(&mut self, parcel: &Parcel) -> Result<(), Failure> {
        let mut behaviour = self.0.lock().expect("a lock");
        behaviour.attempts.push(parcel.clone());
        if let Some(failure) = &behaviour.next {
            return Err(failure.clone());
        }
        behaviour.taken.push(parcel.clone());
        Ok(())
    }
}

/// One destination, the store it reads, and what it said.
struct Scene {
    home: TempDir,
    alerts: Alerts,
    behaviour: Arc<Mutex<Behaviour>>,
    said: Arc<Mutex<Vec<String>>>,
    terms: Terms,
}

impl Scene {
    fn new(terms: Terms) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        Queue::open(home.path())
            .expect("a queue")
            .configure(&[("fake", "test")], 0, NOON)
            .expect("configured");
        let said = Arc::default();
        Self { home, alerts: Arc::default(), behaviour: Arc::default(), said, terms }
    }

    /// As after a start of the program.
    fn post(&self) -> Post {
        let alerts = Arc::clone(&self.alerts);
        let read: Read = Box::new(move |seq, limit| {
            let alerts = alerts.lock().expect("a lock");
            Ok(alerts.iter().filter(|entry| entry.seq > seq).take(limit).cloned().collect())
        });
        let said = Arc::clone(&self.said);
        let trouble = Trouble::new(Arc::new(move |text| said.lock().expect("a lock").push(text)));
        let configured = Configured {
            name: "fake".to_owned(),
            kind: "test",
            wants: vec![Selection { level: 5, ..Selection::default() }],
            terms: self.terms,
            destination: Box::new(Fake(Arc::clone(&self.behaviour))),
        };
        Post::new(configured, self.queue(), read, TimeZone::UTC, trouble).expect("a post")
    }

    fn queue(&self) -> Queue {
        Queue::open(self.home.path()).expect("a queue")
    }

    fn commit(&self, count: usize, level: u16) {
        let mut alerts = self.alerts.lock().expect("a lock");
        for _ in 0..count {
            let rule = Rule { id: 5712, level, description: Some(b"a rule"), ..Rule::default() };
            let id = AlertId { epoch: NOON, ticket: 1 };
            let mut entry = Entry::new(&Alert { id, rule: Some(rule), ..Alert::default() });
            entry.seq = alerts.last().map_or(1, |last| last.seq + 1);
            alerts.push(entry);
        }
    }

    fn next(&self, failure: Option<Failure>) {
        self.behaviour.lock().expect("a lock").next = failure;
    }

    fn taken(&self) -> Vec<String> {
        let behaviour = self.behaviour.lock().expect("a lock");
        behaviour.taken.iter().map(|parcel| String::from_utf8_lossy(&parcel.payload).into_owned()).collect()
    }

    fn said(&self) -> Vec<String> {
        self.said.lock().expect("a lock").clone()
    }
}

/// Works until there is nothing to do at that moment.
fn work(post: &mut Post, now: i64) {
    loop {
        post.settle(now).expect("settled");
        let is_more = post.gather(now).expect("gathered");
        let is_sent = post.attempt().expect("attempted");
        post.settle(now).expect("settled");
        let is_busy = is_more || (is_sent && post.pause().is_zero());
        if !is_busy {
            return;
        }
    }
}

/// As if the pause was over.
fn hurry(post: &mut Post) {
    post.circuit = Circuit::new("fake", post.circuit.failures, post.circuit.is_broken);
}

fn down() -> Option<Failure> {
    Some(Failure::Temporary("connection refused".to_owned(), None))
}

#[test]
fn alerts_that_are_wanted_go_in_order() {
    let scene = Scene::new(Terms::default());
    let mut post = scene.post();
    scene.commit(4, 7);
    scene.commit(2, 3);
    scene.commit(2, 7);
    work(&mut post, NOON);
    assert_eq!(scene.taken(), ["1 2 3 4 7", "8"]);
}

#[test]
fn what_waits_is_bounded_and_the_rest_comes_when_it_can() {
    let scene = Scene::new(Terms::default());
    let mut post = scene.post();
    scene.commit(1000, 7);
    scene.next(down());
    for _ in 0..20 {
        work(&mut post, NOON);
    }
    let (waiting, _) = scene.queue().waiting("fake").expect("a count");
    assert!((PARCELS_MAX - 2 * RELEASES_MAX..=PARCELS_MAX).contains(&waiting), "{waiting} wait");
    assert_eq!(scene.behaviour.lock().expect("a lock").attempts.len(), 1, "it is not tried without a pause");
    scene.next(None);
    hurry(&mut post);
    work(&mut post, NOON);
    let numbers = scene.taken().join(" ");
    let all = (1..=1000).map(|seq: u64| seq.to_string()).collect::<Vec<_>>().join(" ");
    assert_eq!(numbers, all);
}

#[test]
fn a_destination_that_fails_is_told_of_once_and_when_it_works_again() {
    let scene = Scene::new(Terms::default());
    let mut post = scene.post();
    scene.commit(1, 7);
    scene.next(down());
    for _ in 0..10 {
        work(&mut post, NOON);
        hurry(&mut post);
    }
    assert_eq!(scene.said(), ["bartizan: destination fake failed: 5 attempts: connection refused"]);
    let standing = scene.queue().standings().expect("standings").remove(0);
    assert_eq!((standing.failures, standing.broken_since), (10, Some(NOON)));
    // After a start it is known, and not told again.
    let mut post = scene.post();
    work(&mut post, NOON);
    scene.next(None);
    hurry(&mut post);
    work(&mut post, NOON);
    assert_eq!(scene.said()[1..], ["bartizan: destination fake works again: after 11 attempts that failed"]);
    assert_eq!(scene.taken(), ["1"]);
}

#[test]
fn what_is_refused_is_kept_and_told_and_holds_nobody_up() {
    let scene = Scene::new(Terms::default());
    let mut post = scene.post();
    scene.next(Some(Failure::Permanent("no such\nuser".to_owned())));
    scene.commit(10, 7);
    work(&mut post, NOON);
    scene.next(None);
    scene.commit(1, 7);
    work(&mut post, NOON);
    assert_eq!(scene.taken(), ["11"]);
    let refused = scene.queue().refused(Some("fake")).expect("refused");
    assert_eq!(refused.len(), 2);
    assert_eq!(refused[0].reason, "no such\nuser");
    let said = scene.said();
    assert_eq!(said.len(), 1, "one event for many: {said:?}");
    assert!(said[0].starts_with("bartizan: destination fake refused: 1 parcels, the last is "), "{said:?}");
    assert!(said[0].ends_with("-1: no such user"), "{said:?}");
    scene.queue().prune(NOON + 31 * 86_400).expect("pruned");
    assert_eq!(scene.queue().refused(None).expect("refused"), []);
}

#[test]
fn a_destination_that_refuses_everything_is_out_of_order_and_loses_nothing_more() {
    let scene = Scene::new(Terms::default());
    let mut post = scene.post();
    scene.next(Some(Failure::Permanent("401 wrong key".to_owned())));
    scene.commit(50, 7);
    for _ in 0..10 {
        work(&mut post, NOON);
        hurry(&mut post);
    }
    assert_eq!(scene.queue().refused(None).expect("refused").len(), REFUSALS_MAX as usize);
    assert_eq!(
        scene.said().last().map(String::as_str),
        Some("bartizan: destination fake failed: 5 attempts: 401 wrong key")
    );
    scene.next(None);
    work(&mut post, NOON);
    assert_eq!(scene.taken().len(), 10 - REFUSALS_MAX as usize);
}

#[test]
fn numbers_that_were_taken_back_after_a_kill_are_not_lost() {
    let scene = Scene::new(Terms::default());
    let mut post = scene.post();
    scene.commit(3, 7);
    work(&mut post, NOON);
    scene.commit(3, 7);
    scene.alerts.lock().expect("a lock").remove(3);
    work(&mut post, NOON);
    assert_eq!((scene.taken(), scene.said()), (vec!["1 2 3".to_owned(), "5 6".to_owned()], vec![]));
}

#[test]
fn one_parcel_that_fails_for_days_is_given_up() {
    let scene = Scene::new(Terms::default());
    let mut post = scene.post();
    scene.commit(1, 7);
    scene.next(down());
    work(&mut post, NOON);
    hurry(&mut post);
    work(&mut post, NOON + GIVE_UP_S + 1);
    let refused = scene.queue().refused(None).expect("refused");
    assert_eq!(refused[0].reason, "given up after 2 attempts: connection refused");
    assert_eq!(scene.queue().next("fake").expect("a queue"), None);
}

#[test]
fn what_the_store_no_longer_has_is_told() {
    let scene = Scene::new(Terms::default());
    let mut post = scene.post();
    scene.commit(10, 7);
    scene.alerts.lock().expect("a lock").drain(..4);
    work(&mut post, NOON);
    assert_eq!(
        scene.said(),
        ["bartizan: destination fake lost: 4 alerts were gone from the store before they were sent"]
    );
    assert_eq!(scene.taken(), ["5 6 7 8 9", "10"]);
}

#[test]
fn a_notice_goes_once_for_a_key() {
    let scene = Scene::new(Terms { max_per_hour: Some(1), ..Terms::default() });
    let mut post = scene.post();
    let notice = Notice { title: "a report".to_owned(), text: "words".to_owned(), html: None };
    let ask = |key| scene.queue().notice(&["fake", "nobody"], key, &notice, NOON).expect("noted");
    ask("monday");
    ask("monday");
    work(&mut post, NOON);
    ask("monday");
    let mut post = scene.post();
    work(&mut post, NOON);
    assert_eq!(scene.taken(), ["[a report]"]);
    ask("tuesday");
    scene.commit(1, 7);
    work(&mut post, NOON);
    assert_eq!(scene.taken().len(), 3, "notices do not count for the hour");
}

#[test]
fn a_replay_sends_again_what_is_asked_for_and_no_more() {
    let scene = Scene::new(Terms { max_per_hour: Some(2), ..Terms::default() });
    let mut post = scene.post();
    scene.commit(8, 7);
    scene.commit(500, 3);
    scene.commit(3, 7);
    work(&mut post, NOON);
    let before = scene.taken().len();
    scene.queue().ask_replay("fake", &Replay { cursor: 2, until: 509 }).expect("asked");
    for _ in 0..10 {
        work(&mut post, NOON);
    }
    assert_eq!(scene.taken()[before..], ["3 4 5 6 7", "8", "509"]);
    assert_eq!(scene.queue().replay("fake").expect("a queue"), None);
}

#[test]
fn a_new_destination_begins_now_and_one_that_comes_back_goes_on() {
    let scene = Scene::new(Terms::default());
    scene.commit(3, 7);
    let configure = |all: &[(&str, &str)], now| scene.queue().configure(all, 3, now).expect("configured");
    configure(&[("new", "test")], NOON);
    assert_eq!(scene.queue().place("new").expect("a place").map(|(cursor, _)| cursor), Some(3));
    assert_eq!(scene.queue().needed_behind().expect("a number"), 3, "what was removed is not waited for");
    configure(&[("fake", "test"), ("new", "test")], NOON + 100);
    assert_eq!(scene.queue().needed_behind().expect("a number"), 0);
    work(&mut scene.post(), NOON + 100);
    assert_eq!(scene.taken(), ["1 2 3"]);
}

/// What was taken: numbers of alerts, and how many were counted.
fn told(scene: &Scene) -> (Vec<u64>, u64) {
    let (mut numbers, mut counted) = (Vec::new(), 0);
    for parcel in scene.taken() {
        // What a digest is about stands in brackets.
        for word in parcel.split('[').next().unwrap_or_default().split_whitespace() {
            match word.strip_prefix('+') {
                Some(count) => counted += count.parse::<u64>().expect("a count"),
                None => numbers.push(word.parse().expect("a number")),
            }
        }
    }
    (numbers, counted)
}

#[test]
fn a_clock_that_is_set_back_by_hours_loses_nothing_and_sends_nothing_twice() {
    for (back, kill) in [(1800, false), (3 * 3600, false), (3 * 3600, true), (26 * 3600, true)] {
        let terms = Terms {
            max_per_hour: Some(3),
            grouping_s: Some(10),
            deduplicate_s: Some(60),
            ..Terms::default()
        };
        let scene = Scene::new(terms);
        let (mut post, mut now) = (scene.post(), NOON);
        for step in 0..60 {
            match step {
                20 => now -= back,
                30 => now += back + 600,
                _ => now += 200,
            }
            // It is down before and after.
            scene.next(if (15..25).contains(&step) { down() } else { None });
            scene.commit(2, 7);
            if kill && step % 7 == 0 {
                post = scene.post();
            }
            hurry(&mut post);
            work(&mut post, now);
        }
        for _ in 0..200 {
            now += 60;
            hurry(&mut post);
            work(&mut post, now);
        }
        let (numbers, counted) = told(&scene);
        assert!(numbers.is_sorted_by(|one, next| one < next), "{back}: {numbers:?}");
        assert_eq!(numbers.len() as u64 + counted, 120, "{back}: {numbers:?}");
        let behaviour = scene.behaviour.lock().expect("a lock");
        let ids: std::collections::BTreeSet<_> = behaviour.taken.iter().map(|parcel| &parcel.id).collect();
        assert_eq!(ids.len(), behaviour.taken.len(), "{back}: a parcel was taken twice");
    }
}

/// A small generator of numbers, always the same for a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// Takes random steps, with kills between any two of them; gives the parcels
/// that were noted as taken, and how many attempts there had been by then.
fn live_through(seed: u64) -> (Scene, Vec<(String, usize)>) {
    let mut dice = Dice(seed);
    let grouping_s = Some(dice.roll(3) as u32 * 5);
    let scene = Scene::new(Terms { grouping_s, ..Terms::default() });
    let (mut post, mut now, mut noted) = (scene.post(), NOON, Vec::new());
    for _ in 0..120 {
        now += dice.roll(4) as i64;
        match dice.roll(12) {
            0..3 => scene.commit(dice.roll(9) as usize, 4 + dice.roll(4) as u16),
            3..6 => drop(post.gather(now).expect("gathered")),
            6..8 => drop(post.attempt().expect("attempted")),
            8..10 => {
                let attempts = scene.behaviour.lock().expect("a lock").attempts.len();
                noted.extend(settle(&mut post, now).map(|id| (id, attempts)));
            }
            10 => post = scene.post(),
            _ => scene.next(if dice.roll(2) == 0 { None } else { down() }),
        }
        hurry(&mut post);
    }
    scene.next(None);
    for _ in 0..60 {
        now += 20;
        hurry(&mut post);
        work(&mut post, now);
    }
    (scene, noted)
}

/// Notes what became of an attempt; gives the parcel if it was taken.
fn settle(post: &mut Post, now: i64) -> Option<String> {
    let taken = match &post.unsettled {
        Some((parcel, Ok(()))) => Some(parcel.parcel.id.clone()),
        _ => None,
    };
    post.settle(now).expect("settled");
    taken
}

#[test]
fn a_kill_at_any_moment_loses_nothing_and_doubles_nothing_that_was_noted() {
    for seed in 1..=40 {
        let (scene, noted) = live_through(seed);
        let behaviour = scene.behaviour.lock().expect("a lock");
        let mut seen: BTreeMap<&str, &Parcel> = BTreeMap::new();
        let mut numbers = Vec::new();
        for parcel in &behaviour.taken {
            match seen.insert(&parcel.id, parcel) {
                Some(before) => assert_eq!(before, parcel, "seed {seed}: another parcel of that number"),
                None => numbers.extend(
                    String::from_utf8_lossy(&parcel.payload)
                        .split(' ')
                        .map(|seq| seq.parse::<u64>().expect("a number")),
                ),
            }
        }
        let alerts = scene.alerts.lock().expect("a lock");
        let wanted = alerts.iter().filter(|entry| entry.alert().rule.is_some_and(|rule| rule.level >= 5));
        assert_eq!(numbers, wanted.map(|entry| entry.seq).collect::<Vec<_>>(), "seed {seed}");
        for (id, attempts) in noted {
            let later = &behaviour.attempts[attempts..];
            assert!(later.iter().all(|parcel| parcel.id != id), "seed {seed}: {id} was noted and went again");
        }
    }
}
