//! The XML of OSSEC, read where it lies: tags and texts, one after the other.
//!
//! It is not quite XML (OSSEC 4.3): a file may have many roots, comments run
//! from `<!` to `!>` or `-->` and may stand in a text, there are no entities
//! and so a bare `&` is a character like others, and a backslash keeps a `<`
//! from opening a tag and stays in the text.
//!
//! [`Xml::child`] goes to the next element in the open one, [`Xml::text`] takes
//! the text of an element that holds no others, [`Xml::skip`] leaves one out.
//! The first mistake of structure ends the reading. Costs one walk over the
//! file; depth and lengths are limited.

use super::report::{Fault, Span, line_behind};
use std::borrow::Cow;
use std::fmt;

/// Elements within elements.
const DEPTH_MAX: usize = 32;

/// Bytes of a name.
const NAME_MAX: usize = 255;

/// Bytes of the text of one element.
const TEXT_MAX: usize = 8192;

/// Attributes of one element.
const ATTRIBUTES_MAX: usize = 16;

/// A file and how far it was read.
pub(super) struct Xml<'t> {
    bytes: &'t [u8],
    at: usize,
    /// Names of the elements that are open.
    open: Vec<Span>,
    /// The last tag ended with `/>`: the innermost element has nothing in it.
    empty: bool,
}

/// An element of which the opening tag was read.
pub(super) struct Element<'t> {
    pub(super) name: &'t str,
    pub(super) name_at: Span,
    pub(super) attributes: Vec<Attribute<'t>>,
}

/// `NAME="VALUE"`.
pub(super) struct Attribute<'t> {
    pub(super) name: &'t str,
    pub(super) value: &'t str,
    pub(super) at: Span,
}

/// The text of an element, without its comments.
pub(super) struct Text<'t> {
    pub(super) bytes: Cow<'t, [u8]>,
    /// Where it stands, with its comments.
    pub(super) at: Span,
}

impl<'t> Element<'t> {
    /// The attribute of a name.
    pub(super) fn attribute(&self, name: &str) -> Option<&Attribute<'t>> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }
}

impl<'t> Xml<'t> {
    /// At the first element.
    pub(super) fn new(bytes: &'t [u8]) -> Result<Self, Fault> {
        if let Some(at) = memchr::memchr(0, bytes) {
            return Err(Fault::new(
                Span::new(at, at + 1),
                format_args!("the file holds a byte 0 and is not text"),
            )
            .help("save it as UTF-8 without such bytes"));
        }
        let at = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let mut xml = Self { bytes, at, open: Vec::new(), empty: false };
        xml.pass_while(|byte| byte.is_ascii_whitespace());
        if xml.rest().starts_with(b"<?") {
            let end = xml.rest().windows(2).position(|pair| pair == b"?>");
            xml.at += end.ok_or_else(|| xml.here(2, format_args!("the prolog does not end")))? + 2;
        }
        Ok(xml)
    }

    /// The next element in the open one, or the next root; `None`, and the
    /// open one is left, if there is none.
    pub(super) fn child(&mut self) -> Result<Option<Element<'t>>, Fault> {
        if self.leave_empty() {
            return Ok(None);
        }
        loop {
            let from = self.at;
            self.at = memchr::memchr(b'<', self.rest()).map_or(self.bytes.len(), |found| from + found);
            match self.rest() {
                [] => return self.end().map(|()| None),
                _ if self.is_escaped() => self.at += 1,
                [b'<', b'!', ..] => self.pass_comment()?,
                [b'<', b'/', ..] => return self.close().map(|()| None),
                _ => return self.tag().map(Some),
            }
        }
    }

    /// The text of an element that was just opened, which is left.
    pub(super) fn text(&mut self, element: &Element<'t>) -> Result<Text<'t>, Fault> {
        let start = self.at;
        let mut bytes = Cow::Borrowed(&b""[..]);
        let mut run = start;
        if self.leave_empty() {
            return Ok(Text { bytes, at: element.name_at });
        }
        loop {
            self.at += memchr::memchr(b'<', self.rest()).unwrap_or(self.rest().len());
            let is_comment = match self.rest() {
                [] => return self.end().map(|()| Text { bytes, at: Span::new(start, start) }),
                _ if self.is_escaped() => {
                    self.at += 1;
                    continue;
                }
                [b'<', b'/', ..] => false,
                [b'<', b'!', ..] => true,
                _ => {
                    return Err(self
                        .here(1, format_args!("<{}> holds a text and no elements", element.name))
                        .help("write `\\<` where the text holds this character; is a closing tag missing?"));
                }
            };
            let part = self.part(Span::new(run, self.at));
            if bytes.is_empty() {
                bytes = Cow::Borrowed(part)
            } else {
                bytes.to_mut().extend_from_slice(part)
            }
            if bytes.len() > TEXT_MAX {
                let message = format_args!("the text of <{}> is longer than {TEXT_MAX} bytes", element.name);
                return Err(Fault::new(element.name_at, message));
            }
            if !is_comment {
                let at = Span::new(start, self.at);
                return self.close().map(|()| Text { bytes, at });
            }
            self.pass_comment()?;
            run = self.at;
        }
    }

    /// Leaves out what the element that was just opened holds.
    pub(super) fn skip(&mut self) -> Result<(), Fault> {
        let depth = self.open.len();
        while self.open.len() >= depth.max(1) {
            self.child()?;
        }
        Ok(())
    }

    /// Leaves the element that was just opened if there is nothing in it.
    fn leave_empty(&mut self) -> bool {
        std::mem::take(&mut self.empty) && self.open.pop().is_some()
    }

    fn tag(&mut self) -> Result<Element<'t>, Fault> {
        self.at += 1;
        let name_at = self.pass_while(is_name);
        let name = self.name(name_at)?;
        if name.is_empty() {
            self.at = name_at.start - 1;
            return Err(self
                .here(1, format_args!("this `<` opens no tag"))
                .help("write `\\<` where a text holds this character"));
        }
        let mut attributes: Vec<Attribute<'t>> = Vec::new();
        self.empty = loop {
            self.pass_while(|byte| byte.is_ascii_whitespace());
            match self.rest() {
                [b'>', ..] => break false,
                [b'/', b'>', ..] => break true,
                [b'<', b'!', ..] => self.pass_comment()?,
                [] | [b'<', ..] => {
                    return Err(Fault::new(name_at, format_args!("the tag <{name}> is not finished"))
                        .help("end it with `>`"));
                }
                _ if attributes.len() == ATTRIBUTES_MAX => {
                    return Err(Fault::new(name_at, format_args!("<{name}> has too many attributes")));
                }
                _ => attributes.push(self.attribute(name)?),
            }
        };
        self.at += 1 + usize::from(self.empty);
        if self.open.len() == DEPTH_MAX {
            return Err(Fault::new(name_at, format_args!("elements are nested deeper than {DEPTH_MAX}"))
                .help("are closing tags missing?"));
        }
        self.open.push(name_at);
        Ok(Element { name, name_at, attributes })
    }

    fn attribute(&mut self, element: &str) -> Result<Attribute<'t>, Fault> {
        let at = self.pass_while(is_name);
        let name = self.name(at)?;
        if name.is_empty() {
            return Err(self
                .here(1, format_args!("this does not belong into the tag <{element}>"))
                .help("attributes are written name=\"value\", and a tag ends with `>`"));
        }
        let written = |fault: Fault| fault.help(&format!("write {name}=\"…\""));
        self.pass_while(|byte| byte.is_ascii_whitespace());
        let [b'=', ..] = self.rest() else {
            return Err(written(Fault::new(at, format_args!("`{name}` has no value"))));
        };
        self.at += 1;
        self.pass_while(|byte| byte.is_ascii_whitespace());
        let &[quote @ (b'"' | b'\''), ..] = self.rest() else {
            return Err(written(Fault::new(at, format_args!("the value of `{name}` is not in quotes"))));
        };
        let open = self.at;
        self.at += 1;
        let value_at = self.pass_while(|byte| byte != quote);
        if self.rest().is_empty() {
            self.at = open;
            return Err(self
                .here(1, format_args!("this quote is not closed"))
                .help("end the value with the same quote"));
        }
        self.at += 1;
        let value = std::str::from_utf8(self.part(value_at)).map_err(|_| {
            Fault::new(value_at, format_args!("this is not UTF-8")).help("save the file as UTF-8")
        })?;
        Ok(Attribute { name, value, at: Span::new(at.start, self.at) })
    }

    /// Passes a closing tag, which has to be that of the innermost element.
    fn close(&mut self) -> Result<(), Fault> {
        let start = self.at;
        self.at += 2;
        let name_at = self.pass_while(is_name);
        let name = self.name(name_at)?;
        let tag = Span::new(start, self.at);
        self.pass_while(|byte| byte.is_ascii_whitespace());
        let Some(open) = self.open.pop() else {
            return Err(Fault::new(tag, format_args!("</{name}> closes nothing"))
                .help("remove it, or add the opening tag"));
        };
        let opened = self.name(open)?;
        if opened != name {
            let line = line_behind(self.part(Span::new(0, open.start)));
            return Err(Fault::new(
                tag,
                format_args!("</{name}> does not close <{opened}>, which line {line} opens"),
            )
            .help(&format!("write </{opened}>, or add <{name}>")));
        }
        let [b'>', ..] = self.rest() else {
            return Err(Fault::new(tag, format_args!("this closing tag is not finished"))
                .help(&format!("write </{name}>")));
        };
        self.at += 1;
        Ok(())
    }

    /// The end of the file, where nothing may be open.
    fn end(&self) -> Result<(), Fault> {
        let Some(&open) = self.open.last() else { return Ok(()) };
        let name = self.name(open)?;
        Err(Fault::new(open, format_args!("<{name}> is not closed before the end of the file"))
            .help(&format!("add </{name}>")))
    }

    fn pass_comment(&mut self) -> Result<(), Fault> {
        let inner = self.bytes.get(self.at + 2..).unwrap_or(b"");
        let ends = |end: &usize| {
            let before = inner.get(..*end).unwrap_or(b"");
            inner.get(*end) == Some(&b'>') && (before.ends_with(b"!") || before.ends_with(b"--"))
        };
        let end = (0..inner.len()).find(ends).ok_or_else(|| {
            self.here(2, format_args!("this comment does not end"))
                .help("end it with `-->`; in this dialect everything that begins with `<!` is a comment")
        })?;
        self.at += 2 + end + 1;
        Ok(())
    }

    /// Whether a backslash stands before the next byte; of a row of them each
    /// second one belongs to the one before it.
    fn is_escaped(&self) -> bool {
        let before = self.part(Span::new(0, self.at));
        before.iter().rev().take_while(|&&byte| byte == b'\\').count() % 2 == 1
    }

    fn name(&self, at: Span) -> Result<&'t str, Fault> {
        match std::str::from_utf8(self.part(at)) {
            Ok(name) if name.len() <= NAME_MAX => Ok(name),
            _ => Err(Fault::new(at, format_args!("this is no name")).help("is a `>` missing?")),
        }
    }

    fn rest(&self) -> &'t [u8] {
        self.bytes.get(self.at..).unwrap_or(b"")
    }

    fn part(&self, at: Span) -> &'t [u8] {
        self.bytes.get(at.start..at.end).unwrap_or(b"")
    }

    fn pass_while(&mut self, holds: impl Fn(u8) -> bool) -> Span {
        let start = self.at;
        self.at += self.rest().iter().take_while(|&&byte| holds(byte)).count();
        Span::new(start, self.at)
    }

    fn here(&self, len: usize, message: fmt::Arguments<'_>) -> Fault {
        Fault::new(Span::new(self.at, self.at + len), message)
    }
}

fn is_name(byte: u8) -> bool {
    !byte.is_ascii_whitespace() && !b"<>/=\"'".contains(&byte)
}
