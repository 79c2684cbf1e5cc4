use super::sample::{self, MIDNIGHT, Random, sshd_at};
use super::*;
use crate::alert::{Alert, Entry};
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const DAY_S: i64 = 86_400;

fn home() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// A store with `sshd` alerts over three days, one every `step` seconds; those
/// up to `indexed` are in the index.
fn filled(home: &Path, count: u64, indexed: u64) -> Vec<Entry> {
    let mut appender = Appender::open(home).expect("a store");
    let step = 3 * DAY_S / count as i64;
    let mut all: Vec<_> = (0..count).map(|n| sshd_at(n, MIDNIGHT + n as i64 * step)).collect();
    for batch in all.chunks_mut(37) {
        appender.append(batch).expect("appended");
    }
    while indexed > 0 && appender.has_to_index() {
        appender.index(indexed).expect("indexed");
    }
    all
}

fn seqs(entries: &[Entry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.seq).collect()
}

fn everything(reader: &mut Reader) -> Vec<Entry> {
    reader.after(0, &Filter::default(), usize::MAX).expect("read")
}

#[test]
fn alerts_come_back_as_they_were_with_numbers_in_order() {
    let home = home();
    let mut appender = Appender::open(home.path()).expect("a store");
    let mut written = Vec::new();
    sample::any_alerts(500, |alert| written.push(Entry::new(alert)));
    for batch in written.chunks_mut(50) {
        appender.append(batch).expect("appended");
    }
    assert_eq!(seqs(&written), (1..=500).collect::<Vec<_>>());
    let mut reader = Reader::open(home.path()).expect("a reader");
    assert!(everything(&mut reader) == written);
    assert_eq!(reader.committed().expect("a number"), 500);
    // A new process goes on where the last one ended.
    let mut appender = Appender::open(home.path()).expect("a store");
    let mut more = [sample::sshd(1)];
    appender.append(&mut more).expect("appended");
    assert_eq!(more[0].seq, 501);
}

#[test]
fn an_empty_store_has_nothing_and_is_not_made_by_asking() {
    let home = home();
    let mut reader = Reader::open(home.path()).expect("a reader");
    assert_eq!(reader.committed().expect("a number"), 0);
    assert!(everything(&mut reader).is_empty());
    assert_eq!(reader.totals(&Filter::default()).expect("totals"), Totals::default());
    assert_eq!(std::fs::read_dir(home.path()).expect("a folder").count(), 0);
}

#[test]
fn a_clock_that_jumps_breaks_no_order() {
    let home = home();
    let mut appender = Appender::open(home.path()).expect("a store");
    let mut written = Vec::new();
    let mut random = Random(3);
    for _ in 0..40 {
        let at = MIDNIGHT + random.below(5 * DAY_S as u64) as i64;
        let mut batch: Vec<_> = (0..5).map(|n| sshd_at(n, at + n as i64 * DAY_S / 2)).collect();
        appender.append(&mut batch).expect("appended");
        written.extend(batch);
    }
    let mut reader = Reader::open(home.path()).expect("a reader");
    let mut forward: Vec<Entry> = Vec::new();
    while let Some(last) = Some(forward.last().map_or(0, |entry| entry.seq)).filter(|last| *last < 200) {
        forward.extend(reader.after(last, &Filter::default(), 7).expect("read"));
    }
    assert!(forward == written);
    let mut backward: Vec<Entry> = Vec::new();
    while backward.len() < 200 {
        let before = backward.last().map(|entry| entry.seq);
        backward.extend(reader.page(before, &Filter::default(), 7).expect("read"));
    }
    backward.reverse();
    assert!(backward == written);
}

/// All that a search finds that is given up at once, again and again: in which
/// order, and in how many steps.
fn in_steps(reader: &mut Reader, filter: &Filter, forward: bool) -> (Vec<u64>, usize) {
    reader.answer_by(Some(Instant::now()));
    let (mut all, mut steps, mut from) = (Vec::new(), 0, if forward { 0 } else { u64::MAX });
    loop {
        let found = match forward {
            true => reader.look_on(from, filter, 40),
            false => reader.look_back(Some(from), filter, 40),
        };
        let Found { alerts, searched_to } = found.expect("read");
        steps += 1;
        all.extend(seqs(&alerts));
        let last = alerts.last().filter(|_| alerts.len() == 40).map(|last| last.seq);
        assert!(last.is_none() || searched_to.is_none(), "a page that is full is no page that is late");
        let Some(to) = searched_to.or(last) else { break };
        assert!(if forward { to > from } else { to < from }, "it comes further: {from} {to}");
        from = to;
    }
    reader.answer_by(None);
    (all, steps)
}

#[test]
fn a_search_that_is_given_up_goes_on_where_it_was_and_misses_and_doubles_nothing() {
    for indexed in [0, 700, 1500] {
        let home = home();
        filled(home.path(), 1500, indexed);
        let mut reader = Reader::open(home.path()).expect("a reader");
        for filter in filters() {
            let mut expected = seqs(&reader.after(0, &filter, usize::MAX).expect("read"));
            let (forward, steps) = in_steps(&mut reader, &filter, true);
            assert_eq!(forward, expected, "{indexed} {filter:?}");
            expected.reverse();
            let (backward, _) = in_steps(&mut reader, &filter, false);
            assert_eq!(backward, expected, "{indexed} {filter:?}");
            let is_scan = indexed == 0 && filter.text.as_deref() == Some("nobody");
            assert!(!is_scan || steps > 3, "{indexed} {filter:?} {steps}");
        }
    }
}

#[test]
fn a_search_that_is_given_up_goes_on_where_a_clock_has_jumped() {
    let home = home();
    let mut appender = Appender::open(home.path()).expect("a store");
    let mut random = Random(5);
    for _ in 0..60 {
        let at = MIDNIGHT + random.below(4 * DAY_S as u64) as i64;
        let mut batch: Vec<_> = (0..1 + random.below(90)).map(|n| sshd_at(n, at + n as i64 * 3600)).collect();
        appender.append(&mut batch).expect("appended");
    }
    let mut reader = Reader::open(home.path()).expect("a reader");
    for filter in [Filter::default(), Filter { rules: vec![5711], level: Some(6), ..Filter::default() }] {
        let mut expected = seqs(&reader.after(0, &filter, usize::MAX).expect("read"));
        assert_eq!(in_steps(&mut reader, &filter, true).0, expected);
        expected.reverse();
        assert_eq!(in_steps(&mut reader, &filter, false).0, expected);
    }
}

#[test]
fn what_has_no_part_that_can_be_told_fails_when_time_is_over() {
    let home = home();
    filled(home.path(), 1500, 0);
    let mut reader = Reader::open(home.path()).expect("a reader");
    let user = Filter { user: Some("nobody".to_owned()), ..Filter::default() };
    reader.answer_by(Some(Instant::now()));
    let is_late = |answer: Result<(), StoreError>| matches!(answer, Err(StoreError::Late));
    assert!(is_late(reader.each(&user, |_, _| {})));
    assert!(is_late(reader.totals(&user).map(drop)));
    assert!(is_late(reader.totals(&Filter::default()).map(drop)));
    assert!(is_late(reader.page(None, &user, 10).map(drop)));
    assert!(
        reader.page(None, &Filter::default(), 10).is_ok_and(|page| page.len() == 10),
        "this takes no time"
    );
    reader.answer_by(Some(Instant::now() + Duration::from_secs(600)));
    assert!(reader.totals(&user).is_ok_and(|totals| totals.selected == 0));
}

/// Filters of all kinds, and some that fit nothing.
fn filters() -> Vec<Filter> {
    let all = Filter::default;
    let text = |text: &str| Some(text.to_owned());
    vec![
        all(),
        Filter { level: Some(7), ..all() },
        Filter { level: Some(17), ..all() },
        Filter { rules: vec![5711, 5713], ..all() },
        Filter { groups: vec!["sshd".to_owned()], ..all() },
        Filter { groups: vec!["web".to_owned(), "none".to_owned()], ..all() },
        Filter { agent: text("web"), ..all() },
        Filter { agent: text("gate"), ..all() },
        Filter { location: text("51.100.1->/var"), ..all() },
        Filter { srcip: text("192.0.2.7"), ..all() },
        Filter { srcip: text("192.0.2.70"), ..all() },
        Filter { user: text("user3"), level: Some(6), ..all() },
        Filter { text: text("failed 192.0.2.1"), ..all() },
        Filter { text: text("FAILED user* 192.0.2.4"), ..all() },
        Filter { text: text(".0.2.3* gate"), ..all() },
        Filter { text: text("nobody"), ..all() },
        Filter { since: Some(MIDNIGHT + 5000), until: Some(MIDNIGHT + 90_000), ..all() },
        Filter { since: Some(MIDNIGHT + DAY_S), srcip: text("192.0.2.7"), ..all() },
        Filter { until: Some(MIDNIGHT - 1), ..all() },
        Filter { since: Some(MIDNIGHT + 7200), until: Some(MIDNIGHT + 3 * 3600), ..all() },
    ]
}

#[test]
fn searches_find_what_fits_with_and_without_the_index() {
    for indexed in [0, 700, 1500] {
        let home = home();
        let written = filled(home.path(), 1500, indexed);
        let mut reader = Reader::open(home.path()).expect("a reader");
        for filter in filters() {
            let fits: Vec<_> =
                written.iter().filter(|entry| filter.matches(&entry.alert())).cloned().collect();
            assert!(reader.after(0, &filter, usize::MAX).expect("read") == fits, "{indexed} {filter:?}");
            let mut newest = reader.page(None, &filter, 20).expect("read");
            newest.reverse();
            assert_eq!(seqs(&newest), seqs(&fits[fits.len().saturating_sub(20)..]), "{indexed} {filter:?}");
            let middle = reader.page(Some(900), &filter, 5).expect("read");
            let before = fits.iter().rev().filter(|entry| entry.seq < 900).take(5);
            assert_eq!(
                seqs(&middle),
                before.map(|entry| entry.seq).collect::<Vec<_>>(),
                "{indexed} {filter:?}"
            );
        }
    }
}

#[test]
fn totals_of_roll_ups_are_those_of_the_alerts() {
    let home = home();
    let written = filled(home.path(), 1500, 0);
    let mut reader = Reader::open(home.path()).expect("a reader");
    for filter in filters() {
        let totals = reader.totals(&filter).expect("totals");
        let fits: Vec<_> = written.iter().filter(|entry| filter.matches(&entry.alert())).collect();
        let time = Filter { since: filter.since, until: filter.until, ..Filter::default() };
        let processed = written.iter().filter(|entry| time.matches(&entry.alert())).count();
        assert_eq!((totals.processed, totals.selected), (processed as u64, fits.len() as u64), "{filter:?}");
        let ends = fits.first().zip(fits.last());
        let span = ends
            .map(|ends| <[&&Entry; 2]>::from(ends).map(|entry| (entry.alert().id.epoch, entry.alert().time)));
        assert_eq!(totals.span, span, "{filter:?}");
        let sum = |counts: &[Count]| counts.iter().map(|count| count.count).sum::<u64>();
        for counts in [&totals.srcips, &totals.users, &totals.locations, &totals.agents] {
            assert_eq!(sum(counts), totals.selected, "{filter:?}");
        }
        assert_eq!(totals.hours.values().flat_map(|levels| levels.values()).sum::<u64>(), totals.selected);
        let of_rule =
            |id| fits.iter().filter(|entry| entry.alert().rule.is_some_and(|rule| rule.id == id)).count();
        for rule in &totals.rules {
            assert_eq!(rule.count, of_rule(rule.id) as u64, "{filter:?}");
        }
    }
    let totals = reader.totals(&Filter::default()).expect("totals");
    let first = totals.groups.first().map(|group| (group.key.as_slice(), group.count));
    assert_eq!(first, Some((&b"syslog"[..], 1500)));
    assert_eq!(
        totals.locations.first().map(|l| l.key.as_slice()),
        Some(&b"(mail) 198.51.100.1->/var/log/auth.log"[..])
    );
}

#[test]
fn killed_at_any_moment_nothing_that_comes_again_is_there_twice() {
    let home = home();
    let is_web = |alert: &Alert<'_>| alert.agent_name() == b"web";
    let mut random = Random(11);
    let (mut committed, mut acknowledged, mut tickets) = (0, 0, 0);
    for _ in 0..12 {
        let mut appender = Appender::open(home.path()).expect("a store");
        let settled = appender.settle(committed, is_web).expect("settled");
        assert_eq!(settled.removed + settled.kept, tickets - acknowledged, "none is lost");
        tickets -= settled.removed;
        (committed, acknowledged) = (appender.last(), tickets);
        for _ in 0..random.below(6) {
            let at = MIDNIGHT + random.below(2 * DAY_S as u64) as i64;
            let mut batch: Vec<_> = (0..random.below(90)).map(|n| sshd_at(n, at + n as i64)).collect();
            appender.append(&mut batch).expect("appended");
            tickets += batch.len() as u64;
            committed = appender.last();
            acknowledged = tickets;
        }
        appender.index(committed).expect("indexed");
        // Appended, but killed before it was written down.
        let mut lost: Vec<_> =
            (0..random.below(90)).map(|n| sshd_at(n, MIDNIGHT + n as i64 * 3000)).collect();
        appender.append(&mut lost).expect("appended");
        tickets += lost.len() as u64;
    }
    let mut appender = Appender::open(home.path()).expect("a store");
    tickets -= appender.settle(committed, is_web).expect("settled").removed;
    let mut reader = Reader::open(home.path()).expect("a reader");
    let all = everything(&mut reader);
    assert_eq!(all.len() as u64, tickets);
    let totals = reader.totals(&Filter::default()).expect("totals");
    assert_eq!(totals.selected, tickets, "roll-ups are right after rows were removed");
    let counted: u64 = totals.agents.iter().map(|agent| agent.count).sum();
    assert_eq!(counted, tickets);
    assert!(seqs(&all).windows(2).all(|pair| pair[0] < pair[1]), "numbers grow");
}

#[test]
fn appending_the_same_alerts_again_after_an_error_writes_them_once() {
    let home = home();
    let mut appender = Appender::open(home.path()).expect("a store");
    let mut batch: Vec<_> = (0..10).map(|n| sshd_at(n, MIDNIGHT + n as i64 * DAY_S / 4)).collect();
    appender.append(&mut batch).expect("appended");
    appender.append(&mut batch).expect("nothing to do");
    let mut reader = Reader::open(home.path()).expect("a reader");
    assert!(everything(&mut reader) == batch);
    assert_eq!(reader.totals(&Filter::default()).expect("totals").selected, 10);
}

#[test]
fn the_oldest_days_go_and_what_is_needed_stays_half_as_long_again() {
    let home = home();
    let mut appender = Appender::open(home.path()).expect("a store");
    for day in 0..10 {
        appender.append(&mut [sshd_at(1, MIDNIGHT + day * DAY_S)]).expect("appended");
    }
    let by_days = Retention { days: 4, bytes: u64::MAX };
    let needed = Needed::default();
    needed.behind(2);
    let days =
        |dropped: Vec<Dropped>| dropped.into_iter().map(|day| (day.last, day.was_needed)).collect::<Vec<_>>();
    let dropped = days(appender.keep(by_days, &needed).expect("kept"));
    assert_eq!(dropped, [(1, false), (2, false), (3, true), (4, true)], "six days stay");
    needed.behind(u64::MAX);
    assert_eq!(days(appender.keep(by_days, &needed).expect("kept")), [(5, false), (6, false)]);
    assert!(appender.keep(by_days, &needed).expect("kept").is_empty());
    let nothing = Retention { days: 1000, bytes: 0 };
    assert_eq!(appender.keep(nothing, &needed).expect("kept").len(), 3, "the last day stays");
    let mut reader = Reader::open(home.path()).expect("a reader");
    assert_eq!(seqs(&everything(&mut reader)), [10]);
    appender.append(&mut [sshd_at(1, MIDNIGHT)]).expect("appended");
    assert_eq!(seqs(&everything(&mut reader)), [10, 11], "a day may come again");
}

#[test]
fn a_clock_that_is_set_back_over_midnight_makes_nothing_go_that_is_needed() {
    let home = home();
    let mut appender = Appender::open(home.path()).expect("a store");
    for hours in [-24, 1, 3, -2, -1, 2, 25] {
        appender.append(&mut [sshd_at(1, MIDNIGHT + hours * 3600)]).expect("appended");
    }
    let needed = Needed::default();
    needed.behind(3);
    let two = Retention { days: 2, bytes: u64::MAX };
    let dropped = appender.keep(two, &needed).expect("kept");
    assert!(dropped.is_empty(), "alerts 4 and 5 are of the day that the clock went back to: {dropped:?}");
    needed.behind(5);
    assert_eq!(appender.keep(two, &needed).expect("kept").len(), 1, "the oldest day");
    let mut reader = Reader::open(home.path()).expect("a reader");
    assert_eq!(seqs(&reader.after(5, &Filter::default(), 10).expect("read")), [6, 7]);
}

#[test]
fn readers_see_what_is_written_while_they_look() {
    let home = home();
    let mut reader = Reader::open(home.path()).expect("a reader");
    let mut appender = Appender::open(home.path()).expect("a store");
    for n in 1..=30 {
        appender.append(&mut [sshd_at(n, MIDNIGHT + n as i64 * 9000)]).expect("appended");
        assert_eq!(reader.after(n - 1, &Filter::default(), 10).expect("read").len(), 1);
    }
}
