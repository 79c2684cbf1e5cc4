//! How bad a level is, in words, colours and numbers that receivers know.

/// Four steps of levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Severity {
    /// Up to 4.
    Info,
    /// 5 to 7.
    Warning,
    /// 8 to 11.
    Error,
    /// 12 and more.
    Critical,
}

impl Severity {
    /// The step of a level.
    pub(super) fn of(level: u16) -> Self {
        match level {
            0..=4 => Self::Info,
            5..=7 => Self::Warning,
            8..=11 => Self::Error,
            _ => Self::Critical,
        }
    }

    /// In PagerDuty's words.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }

    /// 1 to 3, as Wazuh 4.14 counts for Shuffle.
    pub(super) fn number(self) -> i64 {
        match self {
            Self::Info => 1,
            Self::Warning => 2,
            Self::Error | Self::Critical => 3,
        }
    }

    /// Green, yellow, orange, red: six digits.
    pub(super) fn colour(self) -> &'static str {
        match self {
            Self::Info => "2eb886",
            Self::Warning => "daa038",
            Self::Error => "e8772e",
            Self::Critical => "a30200",
        }
    }
}
