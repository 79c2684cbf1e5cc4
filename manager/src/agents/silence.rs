//! Whoever was regular and stopped.
//!
//! The rhythm of a source is learned: the longest pause between two of its
//! records in the last two days. A source that was heard often enough and is
//! silent for three times its longest pause, and five minutes at least, has
//! stopped. It is reported once, and again when it is heard again. While its
//! agent is away only the agent is reported.

/// Records that must have come before a rhythm is believed.
const RECORDS_MIN: u64 = 20;

/// Seconds of listening before a rhythm is believed.
const LEARNING_S: i64 = 3600;

/// Silence that is never reported, in seconds.
const PATIENCE_S: i64 = 300;

/// How many of its longest pauses a source may be silent.
const PAUSES: i64 = 3;

const DAY_S: i64 = 86_400;

/// What is known of the times at which records of one source come. Seconds
/// since 1970 throughout; a clock that goes back counts as no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rhythm {
    first: i64,
    last: i64,
    records: u64,
    day: i64,
    /// The longest pause of this day and of the one before.
    pauses: [i64; 2],
    silent: bool,
}

impl Rhythm {
    /// A source that is heard for the first time.
    pub fn new(now: i64) -> Self {
        Self { first: now, last: now, records: 0, day: now / DAY_S, pauses: [0; 2], silent: false }
    }

    /// A source whose usual pause is known from before a restart. Its silence
    /// counts from now on: nobody listened before.
    pub fn known(pause_s: u32, now: i64) -> Self {
        let first = now - LEARNING_S;
        Self { first, records: RECORDS_MIN, pauses: [0, i64::from(pause_s)], ..Self::new(now) }
    }

    /// Records were heard. Gives the seconds of a silence that was reported
    /// and is over.
    pub fn heard(&mut self, records: u64, now: i64) -> Option<i64> {
        let pause = (now - self.last).max(0);
        self.turn_day(now);
        self.last = now;
        self.records = self.records.saturating_add(records);
        if std::mem::take(&mut self.silent) {
            // What was reported as a fault is no part of the rhythm.
            return Some(pause);
        }
        self.pauses[0] = self.pauses[0].max(pause);
        None
    }

    /// Its agent was away: what was missing then is no silence.
    pub fn back(&mut self, now: i64) {
        self.last = now;
    }

    /// Gives the seconds of silence if it has just become too long.
    pub fn check(&mut self, now: i64) -> Option<i64> {
        let silence = now - self.last;
        let is_new = !self.silent && self.limit_s().is_some_and(|limit| silence > limit);
        self.silent |= is_new;
        is_new.then_some(silence)
    }

    /// The longest usual pause in seconds, if the source is regular.
    pub fn pause_s(&self) -> Option<u32> {
        let believed = self.records >= RECORDS_MIN && self.last - self.first >= LEARNING_S;
        let pause = self.pauses[0].max(self.pauses[1]);
        (believed && pause <= DAY_S).then(|| u32::try_from(pause).unwrap_or(u32::MAX))
    }

    fn limit_s(&self) -> Option<i64> {
        self.pause_s().map(|pause| (PAUSES * i64::from(pause)).max(PATIENCE_S))
    }

    fn turn_day(&mut self, now: i64) {
        let day = now / DAY_S;
        if day > self.day {
            self.pauses = [0, if day == self.day + 1 { self.pauses[0] } else { 0 }];
            self.day = day;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 20_000 * DAY_S;

    /// A source heard every `step` seconds for two hours.
    fn regular(step: i64) -> (Rhythm, i64) {
        let mut rhythm = Rhythm::new(START);
        let mut now = START;
        while now < START + 7200 {
            now += step;
            assert_eq!(rhythm.heard(1, now), None);
            assert_eq!(rhythm.check(now), None);
        }
        (rhythm, now)
    }

    #[test]
    fn a_regular_source_that_stops_is_reported_once_and_when_it_is_back() {
        let (mut rhythm, last) = regular(120);
        assert_eq!(rhythm.pause_s(), Some(120));
        assert_eq!(rhythm.check(last + 360), None, "three pauses are allowed");
        assert_eq!(rhythm.check(last + 361), Some(361));
        assert_eq!(rhythm.check(last + 9000), None, "once is enough");
        assert_eq!(rhythm.heard(1, last + 10_000), Some(10_000));
        assert_eq!(rhythm.pause_s(), Some(120), "the fault is not learned");
    }

    #[test]
    fn a_busy_source_gets_five_minutes() {
        let (mut rhythm, last) = regular(1);
        assert_eq!(rhythm.check(last + 300), None);
        assert!(rhythm.check(last + 301).is_some());
    }

    #[test]
    fn a_source_that_is_rarely_heard_is_never_silent() {
        let mut rhythm = Rhythm::new(START);
        for now in [START + 1000, START + 9000, START + 20_000] {
            rhythm.heard(1, now);
        }
        assert_eq!(rhythm.check(START + 90 * DAY_S), None);
    }

    #[test]
    fn a_pause_of_two_days_ago_is_forgotten() {
        let (mut rhythm, mut now) = regular(60);
        rhythm.heard(1, now + 3000);
        now += 3000;
        while now < START + 2 * DAY_S + 7200 {
            now += 60;
            rhythm.heard(1, now);
        }
        assert_eq!(rhythm.pause_s(), Some(60));
    }

    #[test]
    fn an_agent_that_was_away_does_not_make_its_sources_silent() {
        let (mut rhythm, last) = regular(60);
        rhythm.back(last + 50_000);
        assert_eq!(rhythm.check(last + 50_001), None);
    }
}
