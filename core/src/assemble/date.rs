//! How lines with a date begin.

/// Whether a text begins as the form says: `9` is a digit, `_` a digit or a
/// space, `?` any byte, all others are themselves.
pub(super) fn begins(text: &[u8], form: &[u8]) -> bool {
    text.len() >= form.len()
        && text.iter().zip(form).all(|(byte, form)| match form {
            b'9' => byte.is_ascii_digit(),
            b'_' => byte.is_ascii_digit() || *byte == b' ',
            b'?' => true,
            other => byte == other,
        })
}

/// What follows the blanks at the start of a text.
pub(super) fn behind_blanks(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    text.get(blanks..).unwrap_or_default()
}
