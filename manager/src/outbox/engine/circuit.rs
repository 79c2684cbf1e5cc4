//! When a destination that fails is tried again.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

/// Attempts that fail one after another until a destination counts as out of
/// order.
pub const BREAKS_AFTER: u32 = 5;

/// The longest time between two attempts, if the receiver asks for no longer.
const BACK_OFF_MAX: Duration = Duration::from_secs(900);

/// The longest time that a receiver may ask for.
const ASKED_MAX: Duration = Duration::from_secs(3600);

/// How many attempts failed, and when the next one may be made.
#[derive(Debug)]
pub(super) struct Circuit {
    name: String,
    pub(super) failures: u32,
    /// It was said that the destination is out of order.
    pub(super) is_broken: bool,
    not_before: Instant,
}

impl Circuit {
    /// A circuit of which this is known from before; it is tried at once.
    pub(super) fn new(name: &str, failures: u32, is_broken: bool) -> Self {
        Self { name: name.to_owned(), failures, is_broken, not_before: Instant::now() }
    }

    /// Time until the next attempt.
    pub(super) fn pause(&self) -> Duration {
        self.not_before.saturating_duration_since(Instant::now())
    }

    /// How long to wait if this attempt has failed, too.
    pub(super) fn next_pause(&self, asked: Option<Duration>) -> Duration {
        let pause = back_off(&self.name, self.failures.saturating_add(1));
        pause.max(asked.unwrap_or_default().min(ASKED_MAX))
    }

    /// An attempt has failed; the next one is made after the pause.
    pub(super) fn failed(&mut self, pause: Duration) {
        self.failures = self.failures.saturating_add(1);
        self.not_before = Instant::now() + pause;
    }

    /// It works; gives the attempts that had failed if it was out of order.
    pub(super) fn works(&mut self) -> Option<u32> {
        let failures = std::mem::take(&mut self.failures);
        self.not_before = Instant::now();
        std::mem::take(&mut self.is_broken).then_some(failures)
    }
}

/// One second, doubled with each failure, up to [`BACK_OFF_MAX`]; a quarter
/// less or more by name and failure, so that destinations that broke together
/// do not come back together.
fn back_off(name: &str, failures: u32) -> Duration {
    let seconds = 2_u32.saturating_pow(failures.saturating_sub(1)).min(BACK_OFF_MAX.as_secs() as u32);
    let mut hasher = DefaultHasher::new();
    (name, failures).hash(&mut hasher);
    let share = 750 + hasher.finish() % 500;
    Duration::from_millis(u64::from(seconds) * share).min(BACK_OFF_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_grows_from_a_second_to_a_quarter_of_an_hour() {
        let pauses: Vec<_> = (1..40).map(|failures| back_off("slack", failures).as_millis()).collect();
        assert!((750..1250).contains(&pauses[0]), "{pauses:?}");
        assert!(pauses.windows(2).take(8).all(|pair| pair[0] < pair[1]), "{pauses:?}");
        assert!(pauses.iter().all(|pause| *pause <= 900_000), "{pauses:?}");
        assert!(pauses[20..].iter().all(|pause| *pause >= 675_000), "{pauses:?}");
        assert_ne!(back_off("slack", 5), back_off("mail", 5));
    }

    #[test]
    fn a_receiver_may_ask_for_more_time_within_reason() {
        let mut circuit = Circuit::new("slack", 0, false);
        assert_eq!(circuit.next_pause(Some(Duration::from_secs(60))), Duration::from_secs(60));
        assert_eq!(circuit.next_pause(Some(Duration::from_secs(1 << 40))), ASKED_MAX);
        circuit.failed(ASKED_MAX);
        assert!(circuit.pause() > Duration::from_secs(3000));
        assert_eq!(circuit.works(), None);
        assert_eq!(circuit.pause(), Duration::ZERO);
    }
}
