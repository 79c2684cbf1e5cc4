//! What is known of rules beyond their rows: the files they stand in, where
//! they hang, and who asks for their events.
//!
//! The files are read once more, as they were when the rules were loaded, so
//! that a rule can be shown as it is written. Costs what parsing costs: some
//! ten milliseconds for thousands of rules.

use crate::diagnose::{Diagnostics, SourceId, Sources, Span};
use crate::ruleset::Loaded;
use crate::xml::{self, Document, Element, Syntax};
use bartizan_core::image::rows::{DecoderRow, RuleRow, search};
use bartizan_core::image::{Dialect, Image};
use std::collections::HashMap;
use std::ops::Range;

/// Where an element stands: an index of a document and of what is in it.
type Written = (usize, usize, Option<usize>);

/// The rules of a ruleset with all that can be said of them.
#[derive(Debug)]
pub struct Catalog<'l> {
    /// The rules as the engine sees them.
    pub image: Image<'l>,
    sources: &'l Sources,
    documents: Vec<Document>,
    /// Row by id.
    rows: HashMap<u32, u16>,
    /// Elements by id, in the order of loading: the first makes the rule, the
    /// others overwrite it.
    written: HashMap<u32, Vec<Written>>,
    /// Decoder elements by name and parent.
    decoders: HashMap<(Vec<u8>, Vec<u8>), Vec<Written>>,
    /// For each node its parent; a root has none.
    above: Vec<Option<usize>>,
    /// For each rule its nodes.
    places: Vec<Vec<usize>>,
}

/// A place in a file, for showing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The file as it was named.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

impl<'l> Catalog<'l> {
    /// The catalog of what was loaded from these sources.
    pub fn new(loaded: &'l Loaded, sources: &'l Sources) -> Self {
        let image = loaded.ruleset.image();
        let rows = (0u16..).zip(image.rules).map(|(row, rule)| (rule.id.get(), row)).collect();
        let mut places = vec![Vec::new(); image.rules.len()];
        let mut above = vec![None; image.nodes.len()];
        for (place, node) in image.nodes.iter().enumerate() {
            places[usize::from(node.rule.get())].push(place);
            above[image.children(node)].fill(Some(place));
        }
        let documents = read_again(&image, sources);
        let (written, decoders) = (written_rules(&documents), written_decoders(&documents));
        Self { image, sources, documents, rows, written, decoders, above, places }
    }

    /// The row of a rule.
    pub fn row(&self, id: u32) -> Option<u16> {
        self.rows.get(&id).copied()
    }

    /// A rule by its row, which must be one of this catalog's.
    pub fn rule(&self, row: u16) -> &'l RuleRow {
        &self.image.rules[usize::from(row)]
    }

    /// The nodes of a rule.
    pub fn places(&self, row: u16) -> &[usize] {
        &self.places[usize::from(row)]
    }

    /// The row of the rule at a node.
    pub fn rule_at(&self, node: usize) -> u16 {
        self.image.nodes[node].rule.get()
    }

    /// The node above a node.
    pub fn above(&self, node: usize) -> Option<usize> {
        self.above[node]
    }

    /// The nodes below a node, in the order in which they are tried.
    pub fn below(&self, node: usize) -> Range<usize> {
        self.image.children(&self.image.nodes[node])
    }

    /// The nodes from a root down to a node.
    pub fn path(&self, node: usize) -> Vec<usize> {
        let mut path: Vec<_> = std::iter::successors(Some(node), |node| self.above(*node)).collect();
        path.reverse();
        path
    }

    /// The rules that a rule hangs under, each once, in the order of places.
    pub fn parents(&self, row: u16) -> Vec<u16> {
        let above = self.places(row).iter().filter_map(|place| self.above(*place));
        unique(above.map(|node| self.rule_at(node)))
    }

    /// The rules that hang under a rule, in the order in which they are tried.
    pub fn children(&self, row: u16) -> Vec<u16> {
        let first = self.places(row).first().map_or(0..0, |place| self.below(*place));
        let first = first.map(|node| self.rule_at(node));
        let others = self.places(row).iter().skip(1).flat_map(|place| self.below(*place));
        unique(first.chain(others.map(|node| self.rule_at(node))))
    }

    /// The rules whose events a rule counts.
    pub fn correlates_with(&self, row: u16) -> Vec<u16> {
        let rule = self.rule(row);
        let by_list = matches!(rule.search, search::RULE | search::GROUP);
        self.rules_where(|other| by_list && self.feeds(other, rule.search_in.get()))
    }

    /// The rules that count the events of a rule.
    pub fn correlated_by(&self, row: u16) -> Vec<u16> {
        let rule = self.rule(row);
        let by_list = |other: &RuleRow| matches!(other.search, search::RULE | search::GROUP);
        self.rules_where(|other| by_list(other) && self.feeds(rule, other.search_in.get()))
    }

    fn feeds(&self, rule: &RuleRow, list: u16) -> bool {
        self.image.range(self.image.index, rule.feeds).iter().any(|fed| fed.get() == list)
    }

    fn rules_where(&self, wanted: impl Fn(&RuleRow) -> bool) -> Vec<u16> {
        (0u16..).zip(self.image.rules).filter(|(_, rule)| wanted(rule)).map(|(row, _)| row).collect()
    }

    /// The elements that make a rule: its own, then those that overwrite it.
    /// None for a rule that is in no file.
    pub fn elements(&self, id: u32) -> impl DoubleEndedIterator<Item = (SourceId, &Element)> {
        let written = self.written.get(&id).map_or(&[][..], Vec::as_slice);
        written.iter().map(|written| self.element(*written))
    }

    fn element(&self, (document, root, child): Written) -> (SourceId, &Element) {
        let document = &self.documents[document];
        let root = &document.roots[root];
        (document.file, child.map_or(root, |child| &root.children[child]))
    }

    /// The element of a decoder. Of several with its name and parent it is
    /// the one at the same place among them.
    pub fn decoder_element(&self, row: u16) -> Option<(SourceId, &Element)> {
        let image = &self.image;
        let decoder = image.decoder(row)?;
        let names = |d: &DecoderRow| (image.text(d.own_name), image.text(d.parent));
        let (name, parent) = names(decoder);
        let all = self.decoders.get(&(name.to_vec(), parent.to_vec()))?;
        let is_same = |other: &u16| image.decoder(*other).is_some_and(|d| names(d) == (name, parent));
        let twins = image.decoders.iter().find_map(|root| {
            let children = image.range(image.index, root.children);
            children.iter().any(|child| child.get() == row).then_some(children)
        });
        let nth = match twins {
            Some(family) => family.iter().map(|r| r.get()).filter(is_same).position(|r| r == row),
            None => Some((0..row).filter(is_same).count()),
        };
        let written = all.get(nth?).or(all.last())?;
        Some(self.element(*written))
    }

    /// A place in a file, for showing.
    pub fn position(&self, source: SourceId, offset: usize) -> Position {
        let (line, _) = self.sources.line_and_column(source, offset);
        Position { file: self.sources.name(source).to_owned(), line }
    }

    /// Where a rule stands; none for one that is in no file.
    pub fn rule_position(&self, id: u32) -> Option<Position> {
        let (source, element) = self.elements(id).next()?;
        Some(self.position(source, element.span.start))
    }

    /// Where a decoder stands; none for one that is in no file.
    pub fn decoder_position(&self, row: u16) -> Option<Position> {
        let (source, element) = self.decoder_element(row)?;
        Some(self.position(source, element.span.start))
    }

    /// A part of a file as it stands there, from the start of its first line.
    pub fn text(&self, source: SourceId, span: Span) -> String {
        let bytes = self.sources.bytes(source);
        let start = bytes[..span.start].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let blank = bytes[start..span.start].iter().all(u8::is_ascii_whitespace);
        let start = if blank { start } else { span.start };
        String::from_utf8_lossy(&bytes[start..span.end]).into_owned()
    }

    /// The texts of files.
    pub fn sources(&self) -> &'l Sources {
        self.sources
    }

    /// The description of a rule; empty if it has none.
    pub fn description(&self, row: u16) -> String {
        String::from_utf8_lossy(self.image.text(self.rule(row).description)).into_owned()
    }

    /// The groups of a rule.
    pub fn groups(&self, row: u16) -> Vec<String> {
        let groups = String::from_utf8_lossy(self.image.text(self.rule(row).groups)).into_owned();
        groups.split(',').map(str::trim).filter(|group| !group.is_empty()).map(str::to_owned).collect()
    }
}

fn unique(rows: impl Iterator<Item = u16>) -> Vec<u16> {
    let mut seen = std::collections::HashSet::new();
    rows.filter(|row| seen.insert(*row)).collect()
}

/// All files as documents; what is wrong in them was said when they were
/// loaded.
fn read_again(image: &Image<'_>, sources: &Sources) -> Vec<Document> {
    let syntax = match image.dialect() {
        Dialect::Ossec => Syntax::OSSEC,
        Dialect::Wazuh => Syntax::WAZUH,
    };
    let mut said = Diagnostics::new();
    sources.ids().map(|id| xml::read(&syntax, sources, id, &mut said)).collect()
}

fn written_rules(documents: &[Document]) -> HashMap<u32, Vec<Written>> {
    let mut written: HashMap<u32, Vec<Written>> = HashMap::new();
    for (d, document) in documents.iter().enumerate() {
        for (r, root) in document.roots.iter().enumerate().filter(|(_, root)| is(root, "group")) {
            for (c, rule) in root.children.iter().enumerate().filter(|(_, rule)| is(rule, "rule")) {
                let id = rule.attribute("id").and_then(|id| id.value_lossy().trim().parse().ok());
                // A rule that is there twice without this word counts once.
                let replaces = rule.attribute("overwrite").is_some_and(|word| word.value == b"yes");
                if let Some(id) = id {
                    let all = written.entry(id).or_default();
                    if all.is_empty() || replaces {
                        all.push((d, r, Some(c)));
                    }
                }
            }
        }
    }
    written
}

fn written_decoders(documents: &[Document]) -> HashMap<(Vec<u8>, Vec<u8>), Vec<Written>> {
    let mut written: HashMap<_, Vec<Written>> = HashMap::new();
    for (d, document) in documents.iter().enumerate() {
        for (r, decoder) in document.roots.iter().enumerate().filter(|(_, root)| is(root, "decoder")) {
            let name = decoder.attribute("name").map(|name| name.value.clone()).unwrap_or_default();
            let parents = decoder.children.iter().filter(|child| is(child, "parent"));
            let parent = parents.flat_map(|parent| parent.text.iter().copied()).collect();
            written.entry((name, parent)).or_default().push((d, r, None));
        }
    }
    written
}

fn is(element: &Element, name: &str) -> bool {
    element.name.eq_ignore_ascii_case(name)
}
