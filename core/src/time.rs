//! Monotonic time, as the host tells it.

/// A point in time: milliseconds since a moment that only the host knows and
/// that does not change while it runs. It never goes back, whatever is done
/// to the wall clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub u64);

impl Millis {
    /// A point that is never reached.
    pub const NEVER: Self = Self(u64::MAX);

    /// This many milliseconds later; [`Millis::NEVER`] where that is too far.
    #[must_use]
    pub const fn plus(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from an earlier point to this one; 0 if it was not earlier.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_neither_overflows_nor_runs_backwards() {
        assert_eq!(Millis(5).plus(7), Millis(12));
        assert_eq!(Millis(5).plus(u64::MAX), Millis::NEVER);
        assert_eq!(Millis(12).since(Millis(5)), 7);
        assert_eq!(Millis(5).since(Millis(12)), 0);
    }
}
