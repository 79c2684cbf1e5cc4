//! The words of an expression.

use super::Wrong;

/// A word of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A text in quotes, or a number.
    Text(String),
    /// A pattern between slashes, and whether case does not matter.
    Pattern(String, bool),
    /// `$fields[N]`.
    Field(usize),
    /// `field`, `if`, `and`, ….
    Word(String),
    /// `(`, `=~`, `==`, `.`, ….
    Sign(&'static str),
}

/// Signs, longer ones before those that they begin with.
const SIGNS: [&str; 16] =
    ["=~", "!~", "==", "!=", "<=", ">=", "&&", "||", "<", ">", "(", ")", ",", ".", "!", ";"];

/// The words of a line behind an offset, each with its own. A comment behind
/// the expression is left out.
pub(super) fn tokens(line: &[u8], from: usize) -> Result<Vec<(usize, Token)>, Wrong> {
    let mut found = Vec::new();
    let mut at = from;
    while let Some(byte) = line.get(at) {
        if byte.is_ascii_whitespace() {
            at += 1;
            continue;
        }
        if *byte == b'#' {
            break;
        }
        let (token, len) = token(&line[at..]).map_err(|(what, help)| Wrong { at, what, help })?;
        found.push((at, token));
        at += len;
    }
    Ok(found)
}

type Unread = (String, &'static str);

fn token(text: &[u8]) -> Result<(Token, usize), Unread> {
    match text[0] {
        quote @ (b'"' | b'\'') => {
            let (inner, len) = quoted(text, quote, true).ok_or((
                "this text does not end".to_owned(),
                "close it with the quote that it begins with",
            ))?;
            Ok((Token::Text(inner), len))
        }
        b'/' => {
            let (inner, len) = quoted(text, b'/', false)
                .ok_or(("this pattern does not end".to_owned(), "close it with a slash"))?;
            let caseless = text.get(len) == Some(&b'i');
            Ok((Token::Pattern(inner, caseless), len + usize::from(caseless)))
        }
        b'$' | b'@' => field(text)
            .ok_or(("only `$fields[N]` is understood".to_owned(), "$fields[0] is the source, [1] the event")),
        byte if byte.is_ascii_digit() => {
            let len = text.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
            Ok((Token::Text(String::from_utf8_lossy(&text[..len]).into_owned()), len))
        }
        byte if byte.is_ascii_alphabetic() || byte == b'_' => {
            let len = text.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
            Ok((Token::Word(String::from_utf8_lossy(&text[..len]).into_owned()), len))
        }
        byte => {
            let sign = SIGNS.into_iter().find(|sign| text.starts_with(sign.as_bytes()));
            let sign = sign.ok_or_else(|| {
                (format!("`{}` cannot stand here", byte.escape_ascii()), "put texts into quotes")
            })?;
            Ok((Token::Sign(sign), sign.len()))
        }
    }
}

/// What stands between quotes or slashes, and how long it is with them. A
/// backslash keeps an end from being one; a doubled one is one in texts.
fn quoted(text: &[u8], end: u8, doubled: bool) -> Option<(String, usize)> {
    let mut inner = Vec::new();
    let mut at = 1;
    loop {
        match *text.get(at)? {
            b'\n' => return None,
            b'\\' => {
                let next = *text.get(at + 1)?;
                if next != end && !(doubled && next == b'\\') {
                    inner.push(b'\\');
                }
                inner.push(next);
                at += 2;
            }
            byte if byte == end => return Some((String::from_utf8_lossy(&inner).into_owned(), at + 1)),
            byte => {
                inner.push(byte);
                at += 1;
            }
        }
    }
}

/// `$fields[0]`.
fn field(text: &[u8]) -> Option<(Token, usize)> {
    let rest = text.strip_prefix(b"$fields[")?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = core::str::from_utf8(&rest[..digits]).ok()?.parse().ok()?;
    (rest.get(digits) == Some(&b']')).then_some((Token::Field(number), "$fields[".len() + digits + 1))
}
