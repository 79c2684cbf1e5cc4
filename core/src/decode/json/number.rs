//! Numbers of JSON: how they are read, and how C prints them.

use core::fmt::{self, Write};
use heapless::String;

/// Bytes of the longest number (Wazuh 4.14).
const LEN_MAX: usize = 63;

/// Length of the number that begins here, as C's `strtod` reads it; `None` if
/// there is none.
pub fn scan(text: &[u8]) -> Option<usize> {
    let digits = |from: usize| {
        let rest = text.get(from..).unwrap_or(b"");
        from + rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let at = |place: usize| text.get(place).copied();
    let sign = usize::from(at(0) == Some(b'-'));
    let whole = digits(sign);
    let mut end = whole;
    let mut count = whole - sign;
    if at(whole) == Some(b'.') {
        end = digits(whole + 1);
        count += end - (whole + 1);
    }
    if count == 0 {
        return None;
    }
    if matches!(at(end), Some(b'e' | b'E')) {
        let start = end + 1 + usize::from(matches!(at(end + 1), Some(b'+' | b'-')));
        let last = digits(start);
        if last > start {
            end = last;
        }
    }
    (end <= LEN_MAX).then_some(end)
}

/// The value of a number that [`scan`] has passed.
pub fn value(text: &[u8]) -> Option<f64> {
    str::from_utf8(text).ok()?.parse().ok()
}

/// Writes a number as a field has it: a whole one of 32 bits as such, any
/// other with six digits behind the point, as C's `%f` does (Wazuh 4.14).
///
/// Formatting is exact and rounds half to even, as C's.
pub fn write_field(number: f64, out: &mut impl Write) -> fmt::Result {
    match small(number) {
        Some(whole) => write!(out, "{whole}"),
        None => write!(out, "{number:.6}"),
    }
}

/// The number if it is a whole one of 32 bits. Zero has no sign then.
fn small(number: f64) -> Option<i32> {
    // The conversion goes to the nearest number of 32 bits.
    let whole = number as i32;
    (f64::from(whole) == number).then_some(whole)
}

/// Writes a number as an array's text has it: C's `%.15g`, or `%.17g` if the
/// shorter one does not say which number it is; infinity is `null` (cJSON).
pub fn write_item(number: f64, out: &mut impl Write) -> fmt::Result {
    if number.is_infinite() {
        return out.write_str("null");
    }
    let mut digits: String<32> = String::new();
    write!(digits, "{number:.14e}")?;
    if digits.parse() != Ok(number) {
        digits.clear();
        write!(digits, "{number:.16e}")?;
    }
    write_short(&digits, out)
}

/// `-d.ddde-12` as C's `%g` writes it: with an exponent where that is below -4
/// or as large as the number of digits, without zeros at the end.
fn write_short(scientific: &str, out: &mut impl Write) -> fmt::Result {
    let (mantissa, exponent) = scientific.split_once('e').ok_or(fmt::Error)?;
    let exponent: i32 = exponent.parse().map_err(|_| fmt::Error)?;
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let (first, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let precision = 1 + fraction.len() as i32;
    let fraction = fraction.trim_end_matches('0');
    out.write_str(sign)?;
    if exponent < -4 || exponent >= precision {
        let point = if fraction.is_empty() { "" } else { "." };
        let sign = if exponent < 0 { '-' } else { '+' };
        return write!(out, "{first}{point}{fraction}e{sign}{:02}", exponent.abs());
    }
    if exponent < 0 {
        out.write_str("0.")?;
        (1..-exponent).try_for_each(|_| out.write_char('0'))?;
        return write!(out, "{first}{fraction}");
    }
    let whole = exponent as usize;
    let before = fraction.get(..whole).unwrap_or(fraction);
    let behind = fraction.get(whole..).unwrap_or("");
    write!(out, "{first}{before}")?;
    (before.len()..whole).try_for_each(|_| out.write_char('0'))?;
    if behind.is_empty() { Ok(()) } else { write!(out, ".{behind}") }
}
