//! Decoders: which program wrote the log, and the fields in it.
//!
//! Roots are tried in file order, those with a program name for events that
//! have one and the others for the rest. The first root that fits is final; its
//! children may refine it and capture fields. All fields are spans of the
//! record. Only roots are looked at that can fit the first byte of the program
//! name, or of the log where there is none: the image names them. The order of
//! evaluation is OSSEC 4.3's, surprises included, because people's decoders
//! rely on it. Wazuh 4.14 differs in which member of a family is the event's
//! decoder, and in what a chain remembers.
//!
//! Work: each decoder of one root list and of one family of children is looked
//! at once at most, each with at most one search per pattern.

pub mod accumulate;
pub mod json;
pub mod plugins;

use crate::event::{Category, Event, Field, Target};
use crate::image::rows::{DecoderRow, NONE, decoder_flag, offset};
use crate::image::{Dialect, Image};
use crate::pattern::{Captures, Matcher, PatternId};
use crate::record::Value;
use zerocopy::little_endian::U16;

/// Positions that later patterns of the same event may start from.
#[derive(Clone, Copy, Default)]
struct Marks {
    /// Behind the root's match.
    parent: usize,
    /// Behind the child's prematch.
    prematch: usize,
}

/// Decodes an event whose header is known: sets decoder, type and fields.
pub fn decode(image: &Image<'_>, matcher: &mut impl Matcher, event: &mut Event<'_>) {
    let Some((row, root, mut marks)) = select(image, matcher, event) else { return };
    choose(event, row, root);
    let children = image.range(image.index, root.children);
    if children.is_empty() {
        marks.prematch = marks.parent;
        return capture(image, matcher, event, &[row.into()], marks);
    }
    if let Some((first, marks)) = select_child(image, matcher, event, children, marks) {
        capture(image, matcher, event, children.get(first..).unwrap_or(&[]), marks);
    }
}

fn choose(event: &mut Event<'_>, row: u16, decoder: &DecoderRow) {
    event.decoder = Some(row);
    event.category = Category::from_u8(decoder.category).unwrap_or_default();
}

/// The first root that fits, and the end of its match.
fn select<'i>(
    image: &Image<'i>,
    matcher: &mut impl Matcher,
    event: &Event<'_>,
) -> Option<(u16, &'i DecoderRow, Marks)> {
    let (program, log) = (event.program_name(), event.log());
    for row in image.root_decoders(program, log) {
        let Some(root) = image.decoder(row.get()) else { continue };
        let prematch = pattern(root.prematch);
        if prematch.is_some_and(|p| !matcher.possible(p)) {
            continue;
        }
        if let (Some(program), Some(wanted)) = (program, pattern(root.program))
            && !matcher.matches_name(wanted, program)
        {
            continue;
        }
        let end = match prematch {
            None => Some(0),
            Some(prematch) => matcher.find(prematch, log),
        };
        if let Some(parent) = end {
            return Some((row.get(), root, Marks { parent, prematch: 0 }));
        }
    }
    None
}

fn pattern(id: U16) -> Option<PatternId> {
    (id != NONE).then(|| PatternId(id.get()))
}

/// The child that takes part first: its place among its siblings.
///
/// QUIRK: the first child without a prematch ends the search, whether its
/// pattern will match or not; and a child of a chain whose prematch fails
/// takes the whole chain with it.
fn select_child(
    image: &Image<'_>,
    matcher: &mut impl Matcher,
    event: &mut Event<'_>,
    children: &[U16],
    mut marks: Marks,
) -> Option<(usize, Marks)> {
    let log = event.log();
    let mut place = 0;
    loop {
        let row = children.get(place)?.get();
        let child = image.decoder(row)?;
        let Some(prematch) = pattern(child.prematch) else {
            marks.prematch = marks.parent;
            return Some((place, marks));
        };
        let from = if child.prematch_from == offset::PARENT { marks.parent } else { 0 };
        let end = match matcher.possible(prematch) {
            true => matcher.find(prematch, log.get(from..).unwrap_or(b"")),
            false => None,
        };
        if let Some(end) = end {
            marks.prematch = from + end;
            choose(event, row, child);
            return Some((place, marks));
        }
        place += chain_len(image, children, place);
    }
}

/// Members of the chain that begins at a place; a lone child is one.
fn chain_len(image: &Image<'_>, children: &[U16], place: usize) -> usize {
    let goes_on = |row: &&U16| image.decoder(row.get()).is_some_and(has_next);
    1 + children.get(place..).unwrap_or(&[]).iter().take_while(goes_on).count()
}

fn has_next(decoder: &DecoderRow) -> bool {
    decoder.flags & decoder_flag::NEXT != 0
}

/// Runs the pattern of a decoder and of the chain behind it.
///
/// QUIRK: "next" means the following sibling, whatever its name, and a member
/// without a pattern ends the chain.
///
/// OSSEC 4.3: the last member whose pattern matches is the event's decoder, and
/// a failed one forgets where the one before it ended. Wazuh 4.14: they add
/// fields to the event of the decoder that was chosen, and the end of the last
/// one that matched stays; a plug-in may stand anywhere in the chain.
fn capture(
    image: &Image<'_>,
    matcher: &mut impl Matcher,
    event: &mut Event<'_>,
    chain: &[U16],
    marks: Marks,
) {
    let log = event.log();
    let is_wazuh = image.dialect() == Dialect::Wazuh;
    let mut previous = None;
    for (step, row) in chain.iter().enumerate() {
        let Some(decoder) = image.decoder(row.get()) else { return };
        if (step == 0 || is_wazuh)
            && let Some(plugin) = plugins::Plugin::from_row(decoder.plugin)
        {
            plugins::run(plugin, event, &reading(image, event, marks));
            if is_wazuh && has_next(decoder) {
                continue;
            }
            return;
        }
        let Some(regex) = pattern(decoder.regex) else { return };
        let from = match decoder.regex_from {
            offset::PARENT => marks.parent,
            offset::PREMATCH => marks.prematch,
            offset::REGEX => previous.unwrap_or(marks.prematch),
            _ => 0,
        };
        let mut captures = Captures::new();
        let rest = log.get(from..).unwrap_or(b"");
        let end = match matcher.possible(regex) {
            true => matcher.captures(regex, rest, &mut captures),
            false => None,
        };
        let end = end.map(|end| from + end);
        if end.is_some() {
            if !is_wazuh {
                choose(event, row.get(), decoder);
            }
            store(image, event, decoder, &captures, from);
        }
        previous = if is_wazuh { end.or(previous) } else { end };
        if !has_next(decoder) {
            return;
        }
    }
}

/// What a plug-in reads, and how.
///
/// QUIRK: the decoder of the event says so, not the one that has the plug-in
/// (Wazuh 4.14). So a child without a prematch cannot.
fn reading(image: &Image<'_>, event: &Event<'_>, marks: Marks) -> plugins::Reading {
    let Some(chosen) = event.decoder.and_then(|row| image.decoder(row)) else {
        return plugins::Reading::default();
    };
    let from = match chosen.plugin_from {
        offset::PARENT => marks.parent,
        offset::PREMATCH => marks.prematch,
        _ => 0,
    };
    plugins::Reading {
        from,
        without_null: chosen.flags & decoder_flag::NO_NULL != 0,
        arrays_as_csv: chosen.flags & decoder_flag::ARRAY_AS_CSV != 0,
    }
}

/// Assigns the captures of one match to the items of the decoder's order.
fn store(image: &Image<'_>, event: &mut Event<'_>, decoder: &DecoderRow, captures: &Captures, from: usize) {
    let order = image.range(image.order, decoder.order);
    let base = usize::from(event.log.start) + from;
    for (position, (item, span)) in order.iter().zip(captures.iter()).enumerate() {
        let number = decoder.order.start.get() + position as u32;
        let target = match Field::from_u8(item.field) {
            Some(field) => Target::Static(field),
            None => Target::Dynamic(number),
        };
        event.assign(target, position as u8, Value::Text(span.shifted(base)));
    }
}
