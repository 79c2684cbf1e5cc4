//! Patterns whose search may take more than time linear in the text, and is
//! given up before it takes too much.

use super::super::catalog::Catalog;
use super::super::words;
use super::{Finding, is_allowed};
use crate::diagnose::{Diagnostics, SourceId, Span};
use bartizan_core::image::rows::{ConditionRow, RuleRow, condition, search};
use bartizan_core::pattern::PatternId;
use bartizan_core::pattern::program::{flag, op};
use std::collections::HashSet;

const NAME: &str = "limited";

/// What hinders a linear search for a pattern, if anything does.
fn reason(catalog: &Catalog<'_>, pattern: u16) -> Option<&'static str> {
    let patterns = catalog.image.patterns;
    let row = patterns.row(PatternId(pattern)).filter(|row| row.flags & flag::LIMITED != 0)?;
    let has = |wanted: u8| patterns.program(row).iter().any(|inst| inst.op == wanted);
    Some(match () {
        () if has(op::REFERENCE) => "it asks for what a group of it has matched, as `\\1` does",
        () if has(op::ASSERT) => "it looks around, as `(?!`, `(?=` and `(?<` do",
        () => "it has a part that keeps what it has taken, as `(?>` and `*+` do",
    })
}

fn finding(what: &str, reason: &str, at: Option<(SourceId, Span)>) -> Finding {
    Finding {
        name: NAME,
        message: format!("a search for {what} is not linear in the length of the text: {reason}"),
        help: "a text for which it would take too long does not match; say it without, if you can".to_owned(),
        about: "",
        at,
    }
}

/// The first such pattern of a rule.
pub(super) fn rule(catalog: &Catalog<'_>, row: u16) -> Option<Finding> {
    let rule = catalog.rule(row);
    let of = |row: &ConditionRow| match row.kind {
        condition::PATTERN | condition::FIELD => Some(row.a.get()),
        condition::LIST => u16::try_from(row.b.get()).ok(),
        _ => None,
    };
    let found =
        words::conditions_of(&catalog.image, rule).find_map(|row| Some((row, reason(catalog, of(row)?)?)));
    let what = format!("a pattern of rule {}", rule.id);
    match found {
        Some((row, reason)) => Some(finding(&what, reason, words::span_of(catalog, rule, row))),
        None => history(catalog, rule).map(|reason| finding(&what, reason, None)),
    }
}

fn history(catalog: &Catalog<'_>, rule: &RuleRow) -> Option<&'static str> {
    (rule.search == search::HISTORY).then(|| reason(catalog, rule.search_in.get())).flatten()
}

/// Such patterns of decoders, each element once.
pub(super) fn decoders(catalog: &Catalog<'_>, report: &mut Diagnostics) {
    let mut seen = HashSet::new();
    for (row, decoder) in (0u16..).zip(catalog.image.decoders) {
        let patterns = [decoder.program, decoder.prematch, decoder.regex];
        for pattern in patterns {
            let Some(reason) = reason(catalog, pattern.get()) else { continue };
            let Some((source, element)) = catalog.decoder_element(row) else { continue };
            let (written, _) = words::pattern(&catalog.image, pattern.get());
            let has = |text: &[u8]| !text.is_empty() && memchr::memmem::find(written, text).is_some();
            let child = element.children.iter().find(|child| has(&child.text));
            let span = child.map_or(element.name_span, |child| child.text_span);
            if !seen.insert((source, span)) || is_allowed(catalog, source, element.span, NAME) {
                continue;
            }
            let name = words::quoted(catalog.image.text(decoder.own_name));
            let what = format!("a pattern of the decoder {name}");
            report.push(finding(&what, reason, Some((source, span))).diagnostic(source, element));
        }
    }
}
