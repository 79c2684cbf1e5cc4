use super::*;
use crate::alert::{AlertId, Rule};
use crate::store::Appender;
use crate::store::sample::{any_alerts, sshd};
use std::time::Instant;
use tempfile::TempDir;

fn stored(mut alerts: Vec<Entry>) -> (TempDir, Reader) {
    let home = tempfile::tempdir().expect("a folder");
    let mut appender = Appender::open(home.path()).expect("a store");
    appender.append(&mut alerts).expect("appended");
    let reader = Reader::open(home.path()).expect("a reader");
    (home, reader)
}

#[test]
fn pages_follow_each_other_without_a_gap_and_end() {
    let (_home, mut reader) = stored((0..230).map(sshd).collect());
    let (mut seqs, mut before) = (Vec::new(), None);
    loop {
        let page = page(&mut reader, &Filter::default(), before, 1000).expect("a page");
        assert!(page.alerts.len() <= PAGE_MAX);
        assert_eq!(page.committed, 230);
        seqs.extend(page.alerts.iter().map(|alert| alert.seq));
        before = page.before;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(seqs, (1..=230).rev().collect::<Vec<_>>());
    let exact = page(&mut reader, &Filter::default(), Some(51), 50).expect("a page");
    assert_eq!((exact.alerts.len(), exact.before), (50, None));
}

#[test]
fn a_page_that_took_too_long_says_how_far_it_came_and_leads_on() {
    let (_home, mut reader) = stored((0..500).map(sshd).collect());
    let nobody = Filter { level: Some(8), user: Some("nobody".to_owned()), ..Filter::default() };
    reader.answer_by(Some(Instant::now()));
    let (mut before, mut pages) = (None, 0);
    loop {
        let page = page(&mut reader, &nobody, before, 50).expect("a page");
        assert!(page.alerts.is_empty());
        assert_eq!((page.complete, page.searched_to), (page.before.is_none(), page.before));
        let time = page.searched_to.map(|seq| sshd(seq - 1).alert().id.epoch);
        assert_eq!(page.searched_to_time, time);
        pages += 1;
        before = page.before;
        if before.is_none() {
            break;
        }
    }
    assert!(pages > 2, "{pages}");
    let on = behind(&mut reader, &nobody, 0, 50).expect("a page");
    assert!(!on.complete && on.searched_to.is_some_and(|to| (1..500).contains(&to)), "{on:?}");
    assert!(whole(&mut reader, 101).expect("asked").is_some(), "one alert is found in any case");
}

#[test]
fn one_alert_is_whole_and_knows_its_neighbours() {
    let (_home, mut reader) = stored((0..120).map(sshd).collect());
    let found = whole(&mut reader, 101).expect("asked").expect("it is there");
    let expected = sshd(100);
    assert_eq!(found.full_log.as_bytes(), expected.alert().log);
    assert_eq!((found.older, found.newer, found.alert.seq), (Some(100), Some(102), 101));
    assert_eq!(found.alert.srcip.as_deref(), Some("192.0.2.0"));
    let earlier: Vec<_> = found.earlier.iter().map(|alert| alert.seq).collect();
    assert_eq!(earlier, [51, 1], "of the same source, newest first");
    assert!(found.fields.contains(&Named { name: "srcip".to_owned(), value: "192.0.2.0".to_owned() }));
    assert_eq!(whole(&mut reader, 121).expect("asked"), None);
    assert_eq!(whole(&mut reader, 0).expect("asked"), None);
    assert_eq!(whole(&mut reader, u64::MAX).expect("asked"), None);
    let last = whole(&mut reader, 120).expect("asked").expect("it is there");
    assert_eq!(last.newer, None);
}

#[test]
fn a_list_is_small_whatever_stands_in_alerts() {
    let hostile = "\u{202e}<\"".repeat(2000);
    let bytes = hostile.as_bytes();
    let mut alert = Alert {
        id: AlertId { epoch: 1_795_246_190, ticket: 1 },
        rule: Some(Rule { id: 1, level: 3, description: Some(bytes), groups: bytes, ..Rule::default() }),
        location: bytes,
        hostname: bytes,
        log: bytes,
        ..Alert::default()
    };
    alert.fields = alert.fields.map(|_| Some(bytes));
    let line = line(&Entry::new(&alert));
    assert!(line.is_cut && line.log.chars().count() == LOG_SHOWN);
    let json = serde_json::to_string(&line).expect("JSON");
    assert!(json.chars().count() < 2000, "{}", json.len());
}

#[test]
fn any_alert_can_be_shown() {
    let mut all = Vec::new();
    any_alerts(200, |alert| all.push(Entry::new(alert)));
    let (_home, mut reader) = stored(all);
    for seq in 1..=200 {
        let whole = whole(&mut reader, seq).expect("asked").expect("it is there");
        serde_json::to_string(&whole).expect("JSON");
    }
}
