//! What was held back, as a table: how often, what, from when to when.

use super::readable::one_line;
use crate::outbox::HeldBack;
use crate::outputs::clock::LocalClock;
use crate::plural::counted;

/// How many alerts were held back.
pub(super) fn count(held_back: &[HeldBack]) -> u64 {
    held_back.iter().fold(0, |sum, held| sum.saturating_add(held.count))
}

/// Appends the table, the most frequent first.
pub(super) fn write(out: &mut String, held_back: &[HeldBack]) {
    let mut clock = LocalClock::default();
    let mut local = |epoch| {
        let mut date = Vec::new();
        clock.local(epoch).write(&mut date);
        String::from_utf8_lossy(&date).into_owned()
    };
    let mut sorted: Vec<_> = held_back.iter().collect();
    sorted.sort_by_key(|held| (std::cmp::Reverse(held.count), held.rule));
    *out += "\nOSSEC HIDS Notification.\n";
    let alerts = counted(count(held_back), "alert", "alerts");
    *out += &format!("Held back since the last mail: {alerts}\n\n");
    *out += "   Count  Level    Rule  First                 Last                  Description\n";
    for HeldBack { rule, level, description, count, span: (first, last) } in sorted {
        let rule = if *rule == 0 { "-".to_owned() } else { rule.to_string() };
        let (first, last) = (local(*first), local(*last));
        let description = one_line(description.as_bytes());
        *out += &format!("{count:>8}  {level:>5}  {rule:>6}  {first}  {last}  {description}\n");
    }
    *out += "\n`bartizan alerts` shows each of them.\n\n\n\n --END OF NOTIFICATION\n\n\n";
}
