//! Words behind numbers.

/// The word for one, or that for several.
pub fn plural<'w>(count: impl TryInto<u64>, one: &'w str, many: &'w str) -> &'w str {
    if count.try_into().is_ok_and(|count| count == 1) { one } else { many }
}

/// `1 line`, `2 lines`.
pub fn counted(count: impl TryInto<u64>, one: &str, many: &str) -> String {
    let count = count.try_into().unwrap_or(u64::MAX);
    format!("{count} {}", plural(count, one, many))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_is_one() {
        let lines = [0, 1, 2].map(|count: usize| counted(count, "line", "lines"));
        assert_eq!(lines, ["0 lines", "1 line", "2 lines"]);
        assert_eq!(counted(u64::MAX, "entry", "entries"), "18446744073709551615 entries");
    }
}
