//! Conditions of rules that are code: `<compiled_rule>` (OSSEC 4.3).
//!
//! Each looks at the event alone and costs one pass over the log at most.

use crate::event::{Event, Field};

/// A condition by its name in rule files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Function {
    /// The id has ten bytes or more.
    CheckIdSize,
    /// Source and destination user are the same, or one is missing.
    CompareUsers,
    /// Windows: the account that was changed is not the one that changed it.
    TargetDiffersFromCaller,
    /// A GET without a query.
    IsSimpleHttpRequest,
    /// The log starts with an address of a known crawler.
    IsValidCrawler,
    /// Source and destination address are the same. Our own.
    SourceIsDestination,
}

/// Networks of search engines, as OSSEC 4.3 knows them.
const CRAWLERS: [&[u8]; 7] = [b"72.14.", b"209.85.", b"65.55.", b"207.46.", b"74.6.", b"72.30.", b"67.195."];

impl Function {
    const ALL: [Self; 6] = [
        Self::CheckIdSize,
        Self::CompareUsers,
        Self::TargetDiffersFromCaller,
        Self::IsSimpleHttpRequest,
        Self::IsValidCrawler,
        Self::SourceIsDestination,
    ];

    /// The names that rule files use, by number.
    pub const NAMES: [&'static str; 6] = [
        "check_id_size",
        "comp_srcuser_dstuser",
        "comp_mswin_targetuser_calleruser_diff",
        "is_simple_http_request",
        "is_valid_crawler",
        "is_srcip_dstip",
    ];

    /// The function of a number, as images store it.
    pub fn from_u8(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// The function of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().zip(Self::ALL).find(|(known, _)| **known == name).map(|(_, found)| found)
    }

    /// Whether the condition holds for an event.
    pub fn holds(self, event: &Event<'_>) -> bool {
        match self {
            Self::CheckIdSize => event.field(Field::Id).is_some_and(|id| id.len() >= 10),
            Self::CompareUsers => match (event.field(Field::SrcUser), event.field(Field::DstUser)) {
                (Some(source), Some(destination)) => source == destination,
                _ => true,
            },
            Self::TargetDiffersFromCaller => target_differs(event.log()),
            Self::IsSimpleHttpRequest => is_simple_request(event),
            // OSSEC 4.3 asks DNS about other addresses while everything waits,
            // and then wants the name's address to be the whole log: never
            // true for a line of a log. So DNS is not asked.
            Self::IsValidCrawler => CRAWLERS.iter().any(|net| event.log().starts_with(net)),
            Self::SourceIsDestination => {
                let source = event.field(Field::SrcIp);
                source.is_some() && source == event.field(Field::DstIp)
            }
        }
    }
}

fn is_simple_request(event: &Event<'_>) -> bool {
    let Some(url) = event.field(Field::Url) else {
        return false;
    };
    let action = event.field(Field::Action);
    action.is_none_or(|action| action.eq_ignore_ascii_case(b"get")) && !url.contains(&b'?')
}

/// Compares what follows `Target Account Name:` and `Caller User Name:`, byte
/// by byte, up to the blanks behind the target's name.
fn target_differs(log: &[u8]) -> bool {
    let target = behind(log, b"Target Account Name");
    let caller = behind(log, b"Caller User Name");
    let (Some(mut target), Some(mut caller)) = (target, caller) else {
        return false;
    };
    while let [byte, rest @ ..] = target {
        let other = caller.split_first();
        if other.map(|(other, _)| other) != Some(byte) {
            return true;
        }
        if *byte == b'\t' || target.starts_with(b"  ") {
            return false;
        }
        target = rest;
        caller = other.map_or(b"", |(_, rest)| rest);
    }
    false
}

/// What follows the first `:` behind a label.
fn behind<'l>(log: &'l [u8], label: &[u8]) -> Option<&'l [u8]> {
    let at = log.windows(label.len()).position(|part| part == label)?;
    let rest = log.get(at + label.len()..)?;
    let colon = rest.iter().position(|&byte| byte == b':')?;
    rest.get(colon + 1..)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Known, Moment, Origin};

    /// Whether a function holds for a log with some fields set.
    fn holds(function: Function, log: &str, fields: &[(Field, &str)]) -> bool {
        let origin = Origin { location: b"x", local_host: b"x", now: Moment::default() };
        let mut known = Known::default();
        let mut event = Event::new(log.as_bytes(), origin, &mut known);
        for (field, text) in fields {
            let value = event.keep(text.as_bytes());
            event.set(*field, value);
        }
        function.holds(&event)
    }

    #[test]
    fn names_and_numbers_go_together() {
        for (number, name) in Function::NAMES.into_iter().enumerate() {
            let function = Function::from_name(name).expect("a known name");
            assert_eq!(function as usize, number);
            assert_eq!(Function::from_u8(number as u8), Some(function));
        }
        assert_eq!(Function::from_u8(6), None);
        assert_eq!(Function::from_name("Is_Valid_Crawler"), None);
    }

    #[test]
    fn a_long_id_has_ten_bytes() {
        let long = |id| holds(Function::CheckIdSize, "", &[(Field::Id, id)]);
        assert!(long("1234567890"));
        assert!(!long("123456789"));
        assert!(!holds(Function::CheckIdSize, "", &[]));
    }

    #[test]
    fn a_missing_user_is_no_different_user() {
        let same = |fields: &[_]| holds(Function::CompareUsers, "", fields);
        assert!(same(&[]));
        assert!(same(&[(Field::SrcUser, "a")]));
        assert!(same(&[(Field::SrcUser, "a"), (Field::DstUser, "a")]));
        assert!(!same(&[(Field::SrcUser, "a"), (Field::DstUser, "A")]));
    }

    #[test]
    fn target_and_caller_are_compared_up_to_the_blanks() {
        let differs = |log| holds(Function::TargetDiffersFromCaller, log, &[]);
        assert!(!differs("Target Account Name: bob  Domain: X  Caller User Name: bob  y"));
        assert!(!differs("Target Account Name: bob\tx Caller User Name: bob\ty"));
        assert!(differs("Target Account Name: bob  Domain: X  Caller User Name: amy  y"));
        assert!(differs("Target Account Name: bob  Domain: X  Caller User Name: bobby  y"));
        assert!(differs("Target Account Name: bob  Domain: X  Caller User Name: bo"));
        assert!(!differs("Caller User Name: bob  Target Account Name: bob"));
        assert!(!differs("Target Account Name: bob  y"));
        assert!(!differs("Caller User Name: bob  y"));
        assert!(!differs("Target Account Name, Caller User Name: bob"));
    }

    #[test]
    fn a_simple_request_is_a_get_without_a_query() {
        let simple = |fields: &[_]| holds(Function::IsSimpleHttpRequest, "", fields);
        assert!(simple(&[(Field::Url, "/")]));
        assert!(simple(&[(Field::Url, "/a"), (Field::Action, "gEt")]));
        assert!(!simple(&[(Field::Url, "/a?b")]));
        assert!(!simple(&[(Field::Url, "/a"), (Field::Action, "POST")]));
        assert!(!simple(&[]));
    }

    #[test]
    fn a_packet_comes_from_its_destination_if_both_are_known_and_equal() {
        let same = |fields: &[_]| holds(Function::SourceIsDestination, "", fields);
        assert!(same(&[(Field::SrcIp, "192.0.2.7"), (Field::DstIp, "192.0.2.7")]));
        assert!(!same(&[(Field::SrcIp, "192.0.2.7"), (Field::DstIp, "192.0.2.70")]));
        assert!(!same(&[]));
    }

    #[test]
    fn a_crawler_is_known_by_its_network() {
        let crawler = |log| holds(Function::IsValidCrawler, log, &[]);
        assert!(crawler("209.85.1.2 - - GET"));
        assert!(!crawler("209.8.1.2 - - GET"));
        assert!(!crawler(" 209.85.1.2"));
    }
}
