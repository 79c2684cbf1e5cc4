//! Names of files with a date in them, such as `app-%Y-%m-%d.log`.
//!
//! The host works the name out again when the day changes; the file of the new
//! name is read from its beginning, that of the old one to its end.

use heapless::{Vec, VecView};

/// A local date and time, broken down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime {
    /// Such as 2026.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 60.
    pub second: u8,
    /// Days since Sunday, 0 to 6.
    pub weekday: u8,
    /// Days since the first of January, 0 to 365.
    pub day_of_year: u16,
}

/// Why a name cannot be worked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameError {
    /// `%` and this character mean nothing here; `%` for a `%` at the end.
    Unknown(char),
    /// The name is longer than there is room for.
    TooLong,
}

const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Whether a name has a date in it: whether it has a `%`.
pub fn is_dated(pattern: &str) -> bool {
    pattern.as_bytes().contains(&b'%')
}

/// The name that a pattern has at a time, in at most `N` bytes. Conversions as
/// strftime(3) in the C locale: `%Y %y %C %m %d %e %j %H %I %M %S %p %a %A %b
/// %h %B %u %w %U %W %F %D %T %R %n %t %%`, and `-` after the `%` for numbers
/// without padding.
pub fn name<const N: usize>(pattern: &str, time: &LocalTime) -> Result<Vec<u8, N>, NameError> {
    let mut name = Vec::new();
    Out(&mut name).name(pattern, time)?;
    Ok(name)
}

struct Out<'n>(&'n mut VecView<u8>);

impl Out<'_> {
    fn name(&mut self, pattern: &str, time: &LocalTime) -> Result<(), NameError> {
        let mut characters = pattern.chars();
        while let Some(character) = characters.next() {
            if character != '%' {
                self.text(character.encode_utf8(&mut [0; 4]))?;
                continue;
            }
            let mut conversion = characters.next().ok_or(NameError::Unknown('%'))?;
            let is_bare = conversion == '-';
            if is_bare {
                conversion = characters.next().ok_or(NameError::Unknown('%'))?;
            }
            self.convert(conversion, is_bare, time)?;
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), NameError> {
        self.0.extend_from_slice(text.as_bytes()).map_err(|_| NameError::TooLong)
    }

    /// A number with at least `width` digits.
    fn number(&mut self, number: u16, width: usize, pad: u8) -> Result<(), NameError> {
        let mut digits = [pad; 5];
        let (mut rest, mut count) = (number, 0);
        for digit in digits.iter_mut().rev() {
            if rest == 0 && count > 0 {
                break;
            }
            *digit = b'0' + (rest % 10) as u8;
            (rest, count) = (rest / 10, count + 1);
        }
        let shown = digits.get(5 - count.max(width.min(5))..).unwrap_or_default();
        self.0.extend_from_slice(shown).map_err(|_| NameError::TooLong)
    }

    fn convert(&mut self, conversion: char, is_bare: bool, time: &LocalTime) -> Result<(), NameError> {
        if let Some((number, width, pad)) = number_of(conversion, time) {
            return self.number(number, if is_bare { 1 } else { width }, pad);
        }
        match conversion {
            'p' => self.text(if time.hour < 12 { "AM" } else { "PM" }),
            'a' => self.text(short(nth(&DAYS, time.weekday))),
            'A' => self.text(nth(&DAYS, time.weekday)),
            'b' | 'h' => self.text(short(nth(&MONTHS, time.month.wrapping_sub(1)))),
            'B' => self.text(nth(&MONTHS, time.month.wrapping_sub(1))),
            'F' => self.several(&['Y', 'm', 'd'], "-", time),
            'D' => self.several(&['m', 'd', 'y'], "/", time),
            'T' => self.several(&['H', 'M', 'S'], ":", time),
            'R' => self.several(&['H', 'M'], ":", time),
            'n' => self.text("\n"),
            't' => self.text("\t"),
            '%' => self.text("%"),
            unknown => Err(NameError::Unknown(unknown)),
        }
    }

    fn several(&mut self, numbers: &[char], between: &str, time: &LocalTime) -> Result<(), NameError> {
        for (index, conversion) in numbers.iter().enumerate() {
            if index > 0 {
                self.text(between)?;
            }
            self.convert(*conversion, false, time)?;
        }
        Ok(())
    }
}

/// A conversion to a number: the number, its digits at least, what stands
/// before it.
fn number_of(conversion: char, time: &LocalTime) -> Option<(u16, usize, u8)> {
    let two = |number: u8| (u16::from(number), 2, b'0');
    let (weekday, hour) = (u16::from(time.weekday), time.hour);
    Some(match conversion {
        'Y' => (time.year, 1, b'0'),
        'C' => (time.year / 100, 2, b'0'),
        'y' => (time.year % 100, 2, b'0'),
        'm' => two(time.month),
        'd' => two(time.day),
        'e' => (u16::from(time.day), 2, b' '),
        'j' => (time.day_of_year.saturating_add(1), 3, b'0'),
        'H' => two(hour),
        'I' => two(if hour % 12 == 0 { 12 } else { hour % 12 }),
        'M' => two(time.minute),
        'S' => two(time.second),
        'u' => (if weekday == 0 { 7 } else { weekday }, 1, b'0'),
        'w' => (weekday, 1, b'0'),
        'U' => ((time.day_of_year.saturating_add(7).saturating_sub(weekday)) / 7, 2, b'0'),
        'W' => ((time.day_of_year.saturating_add(7).saturating_sub((weekday + 6) % 7)) / 7, 2, b'0'),
        _ => return None,
    })
}

fn nth<const N: usize>(names: &[&'static str; N], number: u8) -> &'static str {
    names.get(usize::from(number)).copied().unwrap_or("?")
}

fn short(name: &str) -> &str {
    name.get(..3).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;

    const TIME: LocalTime = LocalTime {
        year: 2026,
        month: 3,
        day: 7,
        hour: 0,
        minute: 5,
        second: 9,
        weekday: 6,
        day_of_year: 65,
    };

    fn at(pattern: &str) -> std::string::String {
        let name = name::<64>(pattern, &TIME).expect("a known pattern");
        std::string::String::from_utf8(name.to_vec()).expect("text")
    }

    #[test]
    fn names_are_as_strftime_makes_them() {
        assert_eq!(at("/log/app-%Y-%m-%d.log"), "/log/app-2026-03-07.log");
        assert_eq!(at("%F %D %T %R"), "2026-03-07 03/07/26 00:05:09 00:05");
        assert_eq!(at("%y %C %e %j %H %I %M %S %p"), "26 20  7 066 00 12 05 09 AM");
        assert_eq!(at("%a %A %b %h %B %u %w"), "Sat Saturday Mar Mar March 6 6");
        // date -d 2026-03-07 '+%U %W'
        assert_eq!(at("%U %W 100%% é"), "09 09 100% é");
        assert_eq!(at("%-m/%-d/%-H/%-j"), "3/7/0/66");
    }

    #[test]
    fn what_is_not_known_or_too_long_is_refused() {
        assert_eq!(name::<64>("%Q", &TIME), Err(NameError::Unknown('Q')));
        assert_eq!(name::<64>("100%", &TIME), Err(NameError::Unknown('%')));
        assert_eq!(name::<8>("%Y%m%d0", &TIME), Err(NameError::TooLong));
        assert!(is_dated("a%d") && !is_dated("a.log"));
        let wrong = LocalTime { month: 0, weekday: 9, year: u16::MAX, day_of_year: u16::MAX, ..TIME };
        assert_eq!(name::<64>("%b %a %Y %j", &wrong).as_deref(), Ok(&b"? ? 65535 65535"[..]));
    }
}
