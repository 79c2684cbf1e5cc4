//! Which decoders were tried on a line, and why each failed or won.
//!
//! The engine has decided; here only the reasons are looked up, by trying the
//! patterns of each decoder once more.

use super::super::catalog::Catalog;
use bartizan_core::event::Event;
use bartizan_core::image::rows::{DecoderRow, NONE, decoder_flag, offset};
use bartizan_core::pattern::{Matcher, PatternId};
use zerocopy::little_endian::U16;

/// What became of a decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// It was chosen: what the engine says the decoder is.
    Chosen,
    /// It took part: the root of the decoder that was chosen, or an earlier
    /// member of its chain.
    TookPart,
    /// The program name does not match.
    Program,
    /// The prematch does not match.
    Prematch,
    /// The pattern that captures fields does not match.
    Regex,
    /// It was not tried, because an earlier one was taken.
    NotReached,
}

/// A decoder that was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TriedDecoder {
    /// Its row.
    pub row: u16,
    /// Whether it hangs under another.
    pub child: bool,
    /// What became of it.
    pub choice: Choice,
}

/// The decoders that were tried, in order: roots up to the one that fits,
/// then its children.
pub fn tried(catalog: &Catalog<'_>, matcher: &mut impl Matcher, event: &Event<'_>) -> Vec<TriedDecoder> {
    let image = &catalog.image;
    let header = image.header;
    let list = if event.program.is_some() { header.program_roots } else { header.plain_roots };
    let roots = image.range(image.index, list);
    let family = |root: u16| {
        image.decoder(root).map_or(&[][..], |root: &DecoderRow| image.range(image.index, root.children))
    };
    let chosen = event.decoder;
    let is_root =
        |root: &U16| chosen.is_some_and(|row| row == root.get() || family(root.get()).contains(&row.into()));
    let mut tried = Vec::new();
    for root in roots {
        let row = root.get();
        let Some(decoder) = image.decoder(row) else { continue };
        if is_root(root) {
            let choice = if chosen == Some(row) { Choice::Chosen } else { Choice::TookPart };
            tried.push(TriedDecoder { row, child: false, choice });
            children(catalog, matcher, event, decoder, family(row), &mut tried);
            break;
        }
        let program = pattern(decoder.program).zip(event.program_name());
        let choice = match program {
            Some((wanted, program)) if !matcher.is_match(wanted, program) => Choice::Program,
            _ => Choice::Prematch,
        };
        tried.push(TriedDecoder { row, child: false, choice });
    }
    tried
}

fn pattern(id: U16) -> Option<PatternId> {
    (id != NONE).then(|| PatternId(id.get()))
}

fn children(
    catalog: &Catalog<'_>,
    matcher: &mut impl Matcher,
    event: &Event<'_>,
    root: &DecoderRow,
    family: &[U16],
    tried: &mut Vec<TriedDecoder>,
) {
    let log = event.log();
    let parent = pattern(root.prematch).and_then(|prematch| matcher.find(prematch, log)).unwrap_or(0);
    let rest = |from: usize| log.get(from..).unwrap_or(b"");
    let (mut taken, mut goes_on) = (false, false);
    let mut previous = None;
    for row in family {
        let Some(decoder) = catalog.image.decoder(row.get()) else { continue };
        let from = if decoder.prematch_from == offset::PARENT { parent } else { 0 };
        let prematch = pattern(decoder.prematch)
            .map(|prematch| matcher.find(prematch, rest(from)).map(|end| from + end));
        let own = prematch.flatten().unwrap_or(parent);
        let from = match decoder.regex_from {
            offset::PARENT => parent,
            offset::PREMATCH => own,
            offset::REGEX => previous.unwrap_or(own),
            _ => 0,
        };
        let regex = pattern(decoder.regex).map(|regex| matcher.find(regex, rest(from)).map(|end| from + end));
        let choice = if event.decoder == Some(row.get()) {
            Choice::Chosen
        } else if taken && !goes_on {
            Choice::NotReached
        } else if prematch == Some(None) {
            Choice::Prematch
        } else if regex == Some(None) {
            Choice::Regex
        } else {
            Choice::TookPart
        };
        tried.push(TriedDecoder { row: row.get(), child: true, choice });
        if choice != Choice::NotReached && choice != Choice::Prematch {
            taken = true;
            goes_on = decoder.flags & decoder_flag::NEXT != 0;
            previous = regex.flatten();
        }
    }
}
