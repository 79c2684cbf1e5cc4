//! The promises of this room.

use super::*;
use crate::config::notification::{QuietHours, Storm};
use proptest::option::of;
use proptest::prelude::*;
use std::ops::Range;

/// A full hour.
const NOON: i64 = 1_795_176_000;

fn budget(terms: Terms) -> Budget {
    Budget::new(terms, 96, TimeZone::UTC, State::default())
}

fn offer(seq: u64) -> Offer {
    let description = "something happened".to_owned();
    Offer {
        seq,
        bytes: 100,
        rule: 5712,
        level: 5,
        description,
        epoch: NOON,
        source: 7,
        same: seq,
        ..Offer::default()
    }
}

/// Offers alerts at one moment, and asks what is due.
fn at(budget: &mut Budget, now: i64, offers: impl IntoIterator<Item = Offer>) -> Vec<Release> {
    budget.at(now, 0);
    let mut ready: Vec<_> = offers.into_iter().flat_map(|offer| budget.offer(&offer)).collect();
    ready.extend(budget.due());
    ready
}

fn plain(range: Range<u64>) -> impl Iterator<Item = Offer> {
    range.map(offer)
}

fn counted(releases: &[Release]) -> u64 {
    releases.iter().flat_map(|release| &release.held_back).map(|row| row.count).sum()
}

fn title(release: &Release) -> &str {
    release.notice.as_ref().map_or("", |notice| &notice.title)
}

#[test]
fn without_terms_all_that_is_there_goes_at_once_and_together() {
    let mut budget = budget(Terms::default());
    let ready = at(&mut budget, NOON, plain(1..101));
    assert_eq!(ready.iter().map(|release| release.alerts.len()).collect::<Vec<_>>(), [96, 4]);
    assert_eq!(ready[0].alerts[..3], [1, 2, 3]);
}

#[test]
fn alerts_wait_for_each_other_until_none_comes_any_more() {
    let mut budget = budget(Terms { grouping_s: Some(10), ..Terms::default() });
    assert_eq!(at(&mut budget, NOON, plain(1..3)), []);
    assert_eq!(at(&mut budget, NOON + 9, plain(3..4)), []);
    assert_eq!(at(&mut budget, NOON + 18, []), []);
    assert_eq!(at(&mut budget, NOON + 19, [])[0].alerts, [1, 2, 3]);
}

#[test]
fn what_must_not_be_delayed_takes_along_what_waits_and_what_must_not_be_grouped_goes_alone() {
    let mut budget = budget(Terms { grouping_s: Some(10), ..Terms::default() });
    let urgent = Offer { at_once: true, ..offer(2) };
    assert_eq!(at(&mut budget, NOON, [offer(1), urgent])[0].alerts, [1, 2]);
    let alone = Offer { alone: true, ..offer(4) };
    let ready = at(&mut budget, NOON, [offer(3), alone, offer(5)]);
    assert_eq!(ready.iter().map(|release| release.alerts.clone()).collect::<Vec<_>>(), [[3], [4]]);
}

#[test]
fn what_an_hour_has_no_room_for_is_one_digest_when_it_turns() {
    let mut budget = budget(Terms { max_per_hour: Some(2), ..Terms::default() });
    let alone = |seq| Offer { alone: true, rule: 100 + seq as u32 % 3, ..offer(seq) };
    let ready = at(&mut budget, NOON, (1..11).map(alone));
    assert_eq!(ready.len(), 2);
    assert!(budget.is_spent());
    assert_eq!(at(&mut budget, NOON + 3599, (11..13).map(alone)), []);
    let ready = at(&mut budget, NOON + 3600, []);
    assert_eq!((ready.len(), counted(&ready)), (1, 10));
    assert_eq!(title(&ready[0]), "10 alerts of 3 rules were held back");
    assert_eq!(at(&mut budget, NOON + 3601, (13..15).map(alone)).len(), 1, "the digest counts, too");
}

#[test]
fn parcels_that_still_wait_when_the_hour_turns_count_for_the_new_one() {
    let mut budget = budget(Terms { max_per_hour: Some(3), ..Terms::default() });
    assert_eq!(at(&mut budget, NOON, plain(1..2)).len(), 1);
    budget.at(NOON + 3600, 3);
    assert_eq!(budget.offer(&offer(2)), []);
    assert_eq!((budget.due(), budget.held_back()), (vec![], 1));
}

#[test]
fn equal_alerts_are_one_with_a_count() {
    let mut budget = budget(Terms { deduplicate_s: Some(60), ..Terms::default() });
    let same = |seq| Offer { same: 1, ..offer(seq) };
    assert_eq!(at(&mut budget, NOON, (1..5).map(same))[0].alerts, [1]);
    assert_eq!(at(&mut budget, NOON + 30, [same(5), offer(6)])[0].alerts, [6]);
    let ready = at(&mut budget, NOON + 60, [same(7)]);
    assert_eq!((ready[0].alerts.as_slice(), counted(&ready)), ([7].as_slice(), 4));
    assert_eq!(at(&mut budget, NOON + 90, [same(8)]), []);
    let ready = at(&mut budget, NOON + 150, []);
    assert_eq!(title(&ready[0]), "1 alert was held back");
}

#[test]
fn quiet_hours_hold_what_is_not_urgent_until_they_are_over() {
    let night = QuietHours { from: 22 * 60, until: 7 * 60, level: 12 };
    let mut budget = budget(Terms { quiet_hours: Some(night), ..Terms::default() });
    let evening = NOON + 10 * 3600;
    assert_eq!(at(&mut budget, evening - 1, plain(1..2)).len(), 1);
    assert_eq!(at(&mut budget, evening, plain(2..5)), []);
    let urgent = Offer { level: 12, ..offer(5) };
    let ready = at(&mut budget, evening + 3 * 3600, [urgent]);
    assert_eq!((ready[0].alerts.as_slice(), ready[0].held_back.len()), ([5].as_slice(), 0));
    assert_eq!(at(&mut budget, evening + 9 * 3600 - 1, []), []);
    assert_eq!(counted(&at(&mut budget, evening + 9 * 3600, [])), 3);
}

#[test]
fn quiet_hours_follow_the_local_clock_over_its_changes() {
    let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone");
    let early = QuietHours { from: 150, until: 180, level: 12 };
    let is_quiet = |now| quiet::is_within(&early, &zone, now);
    // 29 March 2026: 02:00 does not exist, 01:59:59 is followed by 03:00.
    assert!((1_774_742_400..1_774_749_600).all(|now| !is_quiet(now)));
    // 25 October 2026: 02:30 comes twice.
    let twice = (1_792_882_800..1_792_897_200).filter(|now| is_quiet(*now)).count();
    assert_eq!(twice, 2 * 1800);
}

#[test]
fn a_storm_is_one_alert_with_digests_until_it_calms() {
    let storm = Storm { alerts: 10, within_s: 60 };
    let mut budget = budget(Terms { storm: Some(storm), digest_s: Some(300), ..Terms::default() });
    let one = |seq| Offer { rule: 100 + seq as u32 % 2, source: seq % 4, ..offer(seq) };
    assert_eq!(at(&mut budget, NOON, (1..11).map(one))[0].alerts.len(), 10);
    let ready = at(&mut budget, NOON + 5, (11..31).map(one));
    assert_eq!(title(&ready[0]), "alert storm: 30 alerts of 2 rules from 4 sources in 5 s");
    assert_eq!((ready.len(), counted(&ready)), (1, 20));
    assert!(budget.is_stormy());
    let mut later = Vec::new();
    for second in 6..306 {
        later.extend(at(&mut budget, NOON + second, [one(100 + second as u64)]));
    }
    assert_eq!((later.len(), counted(&later)), (1, 300), "one digest after 300 s");
    let over: Vec<_> = (306..400).flat_map(|second| at(&mut budget, NOON + second, [])).collect();
    assert_eq!(over.len(), 1);
    assert!(over[0].notice.as_ref().is_some_and(|notice| notice.text == "It is over."));
    assert_eq!(at(&mut budget, NOON + 400, plain(1000..1001))[0].alerts, [1000]);
}

#[test]
fn a_clock_that_is_set_back_neither_floods_nor_silences() {
    let terms = Terms { max_per_hour: Some(2), grouping_s: Some(10), ..Terms::default() };
    let mut budget = budget(terms);
    assert_eq!(at(&mut budget, NOON, plain(1..2)), []);
    let yesterday = NOON - 86_400 + 100;
    assert_eq!(at(&mut budget, yesterday, []), []);
    assert_eq!(
        at(&mut budget, yesterday + 20, plain(2..50)),
        [],
        "how much of that hour was spent is not known"
    );
    let next_hour = NOON - 86_400 + 3600;
    let ready = at(&mut budget, next_hour, []);
    assert_eq!((ready[0].alerts.as_slice(), counted(&ready)), ([1].as_slice(), 48));
}

#[test]
fn many_rules_share_a_row_and_none_is_forgotten() {
    let quiet = QuietHours { from: 0, until: 1439, level: 16 };
    let mut budget = budget(Terms { quiet_hours: Some(quiet), ..Terms::default() });
    at(&mut budget, NOON, (1..1001).map(|seq| Offer { rule: seq as u32, ..offer(seq) }));
    assert_eq!(budget.held_back(), 1000);
    let ready = at(&mut budget, NOON + 12 * 3600 - 60, []);
    assert_eq!((counted(&ready), ready[0].held_back.len()), (1000, 257));
    assert_eq!(ready[0].held_back.iter().map(|row| row.rule).min(), Some(0));
}

#[derive(Clone, Debug)]
enum Step {
    Pass(i64),
    Offer {
        kind: u8,
        level: u16,
        at_once: bool,
        alone: bool,
    },
    /// Written down and taken up again.
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..40_i64).prop_map(Step::Pass),
        1 => (0..5000_i64).prop_map(Step::Pass),
        1 => (-10_000..0_i64).prop_map(Step::Pass),
        12 => (0..6_u8, 0..16_u16, prop::bool::weighted(0.1), prop::bool::weighted(0.1))
            .prop_map(|(kind, level, at_once, alone)| Step::Offer { kind, level, at_once, alone }),
        1 => Just(Step::Restart),
    ]
}

fn terms() -> impl Strategy<Value = Terms> {
    let quiet = (0..1440_u16, 0..1440_u16, 0..16_u16);
    let quiet = quiet.prop_map(|(from, until, level)| QuietHours { from, until, level });
    let storm = (1..20_u32, 1..120_u32).prop_map(|(alerts, within_s)| Storm { alerts, within_s });
    (of(1..6_u32), of(quiet), of(1..300_u32), of(storm), of(1..900_u32), of(0..20_u32)).prop_map(
        |(max_per_hour, quiet_hours, deduplicate_s, storm, digest_s, grouping_s)| Terms {
            max_per_hour,
            quiet_hours,
            deduplicate_s,
            storm,
            digest_s,
            grouping_s,
        },
    )
}

/// What has come out, checked as it comes.
#[derive(Default)]
struct Heard {
    alerts: Vec<u64>,
    counted: u64,
    /// Releases since the hour turned, or the clock was set.
    in_hour: (i64, u32),
}

impl Heard {
    fn take(&mut self, releases: Vec<Release>, terms: &Terms, now: i64) {
        assert!(releases.len() <= RELEASES_MAX);
        for release in releases {
            assert!(release.alerts.len() <= 7, "more than a parcel may hold");
            assert!(!release.alerts.is_empty() || release.notice.is_some(), "an empty parcel");
            self.counted += release.held_back.iter().map(|row| row.count).sum::<u64>();
            self.alerts.extend(release.alerts);
            let hour = now.div_euclid(3600);
            self.in_hour = if self.in_hour.0 == hour { (hour, self.in_hour.1 + 1) } else { (hour, 1) };
            assert!(
                terms.max_per_hour.is_none_or(|max| self.in_hour.1 <= max),
                "more than the hour may bring"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn nothing_that_is_offered_is_lost_or_doubled_and_no_limit_is_exceeded(
        terms in terms(),
        steps in prop::collection::vec(step(), 1..250),
    ) {
        let new = |state| Budget::new(terms, 7, TimeZone::UTC, state);
        let mut budget = new(State::default());
        let (mut now, mut offered, mut heard) = (NOON, 0_u64, Heard::default());
        for step in steps {
            match step {
                Step::Pass(seconds) => {
                    let hour = now.div_euclid(3600);
                    now += seconds;
                    if now.div_euclid(3600) < hour {
                        // Hours that the clock shows again count anew.
                        heard.in_hour = (i64::MIN, 0);
                    }
                }
                Step::Offer { kind, level, at_once, alone } => {
                    offered += 1;
                    let kind = u64::from(kind);
                    let offer = Offer { rule: kind as u32, level, source: kind, same: kind, at_once, alone, ..offer(offered) };
                    budget.at(now, 0);
                    heard.take(budget.offer(&offer), &terms, now);
                }
                Step::Restart => {
                    let bytes = postcard::to_extend(&budget.state, Vec::new()).expect("bytes");
                    let state = postcard::from_bytes(&bytes).expect("a state");
                    prop_assert_eq!(&budget.state, &state);
                    budget = new(state);
                }
            }
            budget.at(now, 0);
            heard.take(budget.due(), &terms, now);
            let inside = budget.waiting().len() as u64 + budget.held_back();
            prop_assert_eq!(heard.alerts.len() as u64 + heard.counted + inside, offered);
        }
        prop_assert!(heard.alerts.is_sorted_by(|one, next| one < next), "out of order");
        // A day without alerts brings all that is left, whatever was before.
        for _ in 0..2 * 24 * 60 {
            now += 60;
            budget.at(now, 0);
            heard.take(budget.due(), &terms, now);
        }
        prop_assert_eq!(heard.alerts.len() as u64 + heard.counted, offered);
    }
}
