//! The walk over one file: text, tags and comments to a tree.
//!
//! The tree is built on a stack of its own, so depth costs heap and is
//! limited. After a mistake the walk goes on in the way that most probably
//! was meant; after [`PROBLEMS_MAX`] mistakes it ends.

use super::Syntax;
use super::element::{Document, Element};
use super::limits::{DEPTH_MAX, NODES_MAX, PROBLEMS_MAX};
use super::scan::Scan;
use super::tag::Tag;
use super::variables::Variables;
use crate::diagnose::{Colour, Diagnostic, Diagnostics, Severity, SourceId, Sources, Span};

/// Reads one file of `sources`. Problems go to `report`; the document holds
/// what could be read in spite of them.
pub fn read(syntax: &Syntax, sources: &Sources, file: SourceId, report: &mut Diagnostics) -> Document {
    let mut reader = Reader::new(syntax, sources.bytes(file), file, report);
    reader.walk();
    reader.finish()
}

/// Reads any bytes in every dialect and shows what is wrong: for fuzzing.
///
/// # Panics
/// If a place in the result is not in the file, which no input should bring about.
pub fn exercise(bytes: &[u8]) {
    for syntax in [Syntax::OSSEC, Syntax::WAZUH] {
        let mut sources = Sources::new();
        let file = sources.add("input.xml", bytes);
        let mut report = Diagnostics::new();
        let document = read(&syntax, &sources, file, &mut report);
        assert_eq!(document.sound, !report.has_errors());
        let mut open: Vec<&Element> = document.roots.iter().collect();
        while let Some(element) = open.pop() {
            assert!(element.span.end <= bytes.len() && element.text_span.end <= element.span.end);
            for offset in 0..=element.text.len() {
                let position = element.position_of(offset);
                assert!(element.text_span.start <= position && position <= element.text_span.end);
            }
            for attribute in &element.attributes {
                let part = attribute.span_of(0..attribute.value.len());
                assert!(attribute.value_span.start <= part.start && part.end <= attribute.value_span.end);
            }
            open.extend(&element.children);
        }
        assert_eq!(report.render(&sources, Colour::None).is_empty(), report.is_empty());
    }
}

/// An element whose closing tag has not come.
pub(super) struct Open {
    pub(super) element: Element,
    /// The text is longer than the dialect allows, from here on.
    pub(super) too_long: Option<usize>,
}

/// What is known in the middle of a file.
pub(super) struct Reader<'r> {
    pub(super) syntax: &'r Syntax,
    pub(super) scan: Scan<'r>,
    pub(super) file: SourceId,
    report: &'r mut Diagnostics,
    pub(super) variables: Variables,
    pub(super) open: Vec<Open>,
    pub(super) roots: Vec<Element>,
    nodes: usize,
    problems: usize,
    sound: bool,
    /// Nothing more is to be read of this file.
    over: bool,
}

impl<'r> Reader<'r> {
    fn new(syntax: &'r Syntax, bytes: &'r [u8], file: SourceId, report: &'r mut Diagnostics) -> Self {
        Self {
            syntax,
            scan: Scan::new(bytes),
            file,
            report,
            variables: Variables::default(),
            open: Vec::new(),
            roots: Vec::new(),
            nodes: 0,
            problems: 0,
            sound: true,
            over: false,
        }
    }

    fn walk(&mut self) {
        self.refuse_binary();
        self.scan.pass_blanks();
        if self.scan.looks_at(b"<?") {
            self.prolog();
        }
        while !self.over && self.scan.peek().is_some() {
            let start = self.scan.at;
            self.scan.find_either(b'<', b'<');
            self.text(Span::new(start, self.scan.at));
            match self.scan.rest() {
                [] => {}
                _ if self.scan.is_escaped() => self.plain_character(),
                [b'<', b'!', ..] => {
                    self.comment();
                }
                [b'<', b'?', ..] => self.late_prolog(),
                [b'<', b'/', ..] => self.closing_tag(),
                _ => match self.tag() {
                    Some(tag) => self.opened(tag),
                    None => self.plain_character(),
                },
            }
        }
    }

    /// A NUL byte is in no text, but in other encodings it is everywhere.
    fn refuse_binary(&mut self) {
        let Some(at) = memchr::memchr(0, self.scan.bytes) else {
            return;
        };
        let problem =
            Diagnostic::error(self.file, Span::new(at, at + 1), "the file holds a byte 0 and is not text");
        self.problem(problem.help("save it as UTF-8 without such bytes"));
        self.over = true;
    }

    /// Passes `<? ... ?>`.
    fn prolog(&mut self) {
        let start = self.scan.at;
        match memchr::memmem::find(self.scan.rest(), b"?>") {
            Some(end) => self.scan.step(end + 2),
            None => {
                let problem =
                    Diagnostic::error(self.file, Span::new(start, start + 2), "the prolog does not end");
                self.problem(problem.label("`?>` is missing").help("remove it, or end it with `?>`"));
                self.scan.find_either(b'>', b'\n');
                self.scan.step(1);
            }
        }
    }

    /// What begins with `<?` after the start of the file.
    fn late_prolog(&mut self) {
        let span = Span::new(self.scan.at, self.scan.at + 2);
        let problem = Diagnostic::error(self.file, span, "a prolog stands only at the start of a file");
        self.problem(problem.help("remove it; write `\\<?` where a text holds these characters"));
        self.prolog();
    }

    /// A `<` that is a character of the text.
    fn plain_character(&mut self) {
        let start = self.scan.at;
        self.scan.step(1);
        self.text(Span::new(start, self.scan.at));
    }

    /// Passes a comment. One that does not end is the end of the file: false.
    pub(super) fn comment(&mut self) -> bool {
        let start = self.scan.at;
        if self.scan.pass_comment() {
            return true;
        }
        let problem = Diagnostic::error(self.file, Span::new(start, start + 2), "this comment does not end");
        let help = "end it with `-->`; in this dialect everything that begins with `<!` is a comment";
        self.problem(problem.label("`-->` is missing").help(help));
        self.over = true;
        false
    }

    /// Adds a run of the file to the text of the open element.
    fn text(&mut self, run: Span) {
        // Stock files have text outside all elements, and it means nothing.
        let Some(top) = self.open.last_mut() else {
            return;
        };
        let room = self.syntax.text_max - top.element.text.len();
        let bytes = self.scan.text(run);
        if bytes.len() > room {
            top.too_long.get_or_insert(run.start + room);
        }
        let bytes = &bytes[..bytes.len().min(room)];
        if !bytes.is_empty() {
            top.element.places.copied(top.element.text.len(), run.start);
            top.element.text.extend_from_slice(bytes);
        }
    }

    fn opened(&mut self, tag: Tag) {
        if let Some(parent) = self.open.last_mut() {
            // Text before a child is not kept.
            parent.element.text.clear();
            parent.element.places.clear();
            parent.too_long = None;
        }
        if self.open.len() >= DEPTH_MAX {
            let message = format!("elements are nested deeper than {DEPTH_MAX}");
            self.problem(
                Diagnostic::error(self.file, tag.element.name_span, message)
                    .help("are closing tags missing?"),
            );
            self.over = true;
            return;
        }
        self.count_node(tag.element.name_span);
        self.open.push(Open { element: tag.element, too_long: None });
        if tag.closed {
            self.close(self.scan.at, self.scan.at);
        }
    }

    /// Counts elements and attributes; too many end the file.
    pub(super) fn count_node(&mut self, span: Span) {
        self.nodes += 1;
        if self.nodes > NODES_MAX && !self.over {
            let message = format!("the file holds more than {NODES_MAX} elements and attributes");
            self.problem(Diagnostic::error(self.file, span, message).help("split the file"));
            self.over = true;
        }
    }

    /// Reports a problem; too many end the file.
    pub(super) fn problem(&mut self, problem: Diagnostic) {
        if self.over {
            return;
        }
        let span = problem.span;
        self.sound &= problem.severity != Severity::Error;
        self.problems += 1;
        self.report.push(problem);
        if self.problems == PROBLEMS_MAX {
            let message =
                format!("there are {PROBLEMS_MAX} problems in this file; the rest of it was not read");
            self.report
                .push(Diagnostic::error(self.file, span, message).help("mend the first ones and try again"));
            self.sound = false;
            self.over = true;
        }
    }

    fn finish(mut self) -> Document {
        if !self.over && !self.open.is_empty() {
            self.unclosed(0, None);
        }
        self.over = true;
        let end = self.scan.bytes.len();
        while !self.open.is_empty() {
            self.close(self.scan.at, end);
        }
        Document { file: self.file, roots: self.roots, sound: self.sound }
    }
}
