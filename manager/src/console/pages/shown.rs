//! Values as pages show them. What came from logs is escaped, stands apart
//! from the direction of writing around it, and holds nothing that cannot be
//! seen.

use crate::diagnose::harmless_character;
use crate::moment::written;
use crate::plural::plural;
use crate::report::Band;
use crate::report::markup::part;
use jiff::Timestamp;
use maud::{Markup, html};

/// A text of others.
pub(super) fn text(text: &str) -> Markup {
    html! { bdi { (harmless(text)) } }
}

/// A text of others that has lines.
pub(super) fn lines(text: &str) -> Markup {
    let lines: Vec<_> = text.trim_end().lines().map(harmless).collect();
    html! { pre { bdi { (lines.join("\n")) } } }
}

/// A text without what a browser would obey.
pub(super) fn harmless(text: &str) -> String {
    text.chars().map(harmless_character).collect()
}

/// A text of others that leads somewhere.
pub(super) fn linked(to: &str, shown: &str) -> Markup {
    html! { a href=(to) { bdi { (harmless(shown)) } } }
}

/// A time of the manager's place.
pub(super) fn time(at: i64) -> Markup {
    let exact = Timestamp::from_second(at).unwrap_or_default();
    html! { time datetime=(exact) { (written(at)) } }
}

/// A time, or a dash.
pub(super) fn perhaps(at: Option<i64>) -> Markup {
    at.map_or_else(|| html! { "–" }, time)
}

/// The class of a level.
pub(super) fn band(level: u16) -> &'static str {
    BANDS[Band::of(level) as usize]
}

/// Classes of bands, the least first.
pub(super) const BANDS: [&str; Band::COUNT] = ["low", "medium", "high", "critical"];

/// A level, with the colour of how bad it is.
pub(super) fn level(level: u16) -> Markup {
    html! { span.level.(band(level)) title=(Band::of(level).title()) { (level) } }
}

/// A number with its thousands apart.
pub(super) fn number(number: impl TryInto<u64>) -> String {
    let digits = number.try_into().unwrap_or(u64::MAX).to_string();
    let first = digits.len() % 3;
    let mut shown = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && place % 3 == first % 3 {
            shown.push('\u{202f}');
        }
        shown.push(digit);
    }
    shown
}

/// A number and the word behind it: `1 alert`, `12 345 alerts`.
pub(super) fn counted(count: impl TryInto<u64> + Copy, one: &str, many: &str) -> String {
    format!("{} {}", number(count), plural(count, one, many))
}

/// Bytes in the unit that suits them.
pub(super) fn bytes(bytes: u64) -> String {
    let units = ["B", "KB", "MB", "GB", "TB"];
    let mut size = bytes as f64;
    let mut unit = 0;
    while size >= 1000.0 && unit + 1 < units.len() {
        size /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{size:.1} {}", units[unit]) }
}

/// Seconds as people say them: `90 s`, `10 min`, `2 h`.
pub(super) fn span(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// A bar as wide as a part of the whole.
pub(super) fn bar(count: u64, of: u64) -> Markup {
    html! {
        svg.bar viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" {
            rect width=(part(count, of, 100).max(1)) height="10" {}
        }
    }
}

/// What stands in place of rows that are not there.
pub(super) fn nothing(why: &str) -> Markup {
    html! { p.nothing { (why) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_obeys_nothing_in_a_text() {
        let hostile = "</pre><script>alert(1)</script>\u{202e}\u{1b}[2J\" onclick=\"x";
        for shown in [text(hostile), lines(hostile), linked("/a?b=\"><script>", hostile)] {
            let shown = shown.into_string();
            assert!(!shown.contains("<script") && !shown.contains(['\u{202e}', '\u{1b}']), "{shown}");
            assert!(!shown.contains("\" onclick"), "{shown}");
            assert!(shown.contains("<bdi>"));
        }
        assert_eq!(lines("a\r\nb\u{2066}\n").into_string(), "<pre><bdi>a\nb\u{fffd}</bdi></pre>");
    }

    #[test]
    fn numbers_are_easy_to_read() {
        let all = [0, 999, 1000, 12_345, 1_234_567].map(|n: u64| number(n).replace('\u{202f}', " "));
        assert_eq!(all, ["0", "999", "1 000", "12 345", "1 234 567"]);
        assert_eq!([0, 999, 1500, 2_000_000].map(bytes), ["0 B", "999 B", "1.5 KB", "2.0 MB"]);
        assert_eq!([90, 600, 7200, 864_000].map(span), ["90 s", "10 min", "2 h", "10 days"]);
    }
}
