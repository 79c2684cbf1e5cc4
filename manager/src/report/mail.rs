//! The report as HTML for mail programs: tables and colours that stand in the
//! tags themselves, for they show no drawings and no style sheets.

use super::Summary;
use super::chart::{Bar, Bars};
use super::markup::{Shown, part, short};
use super::summary::{Band, Entry, Related, Section, written};
use crate::outbox::Page;
use jiff::tz::TimeZone;
use std::fmt::Write;

/// Rows of one table; the text beside has more.
const ROWS_MAX: usize = 15;

/// Bars over time.
const BARS_MAX: i64 = 32;

/// The widest bar, in pixels: beside a name there is room for it on a
/// telephone, else it would be squeezed and longer ones look like shorter ones.
const BAR: u64 = 180;

/// As on the page, for white paper.
const COLOURS: [&str; Band::COUNT] = ["#56b4e9", "#e69f00", "#d55e00", "#7b2d8e"];

const FONT: &str = "font-family:sans-serif;font-size:14px;color:#1b1f24";

/// The report of a time, which is told in words, with the picture that comes
/// with it if there is one.
pub fn write(summary: &Summary, period: &str, has_picture: bool) -> String {
    let mut out = String::new();
    put(
        &mut out,
        format_args!(
            "<html><body bgcolor=\"#ffffff\" style=\"{FONT}\">\n<h2>{}</h2>\n",
            Shown(summary.name())
        ),
    );
    put(&mut out, format_args!("<p>{}<br>\n", Shown(period)));
    put(&mut out, format_args!("<b>{}</b> alerts of {}", summary.selected, summary.processed));
    if let Some((first, last)) = summary.span {
        put(&mut out, format_args!(", from {} to {}", written(first), written(last)));
    }
    out.push_str("</p>\n");
    over_time(&mut out, &Bars::new(&summary.hours, BARS_MAX, &TimeZone::system()));
    if has_picture {
        put(&mut out, format_args!("<h3>Who did what to whom</h3>\n<p><img src=\"cid:{}\"", Page::PICTURE));
        out.push_str(
            " alt=\"Sources, events and targets of alerts\" width=\"100%\" style=\"max-width:960px\"></p>\n",
        );
    }
    summary.sections.iter().for_each(|section| top(&mut out, section));
    summary.related.iter().for_each(|section| related(&mut out, section));
    out.push_str("</body></html>\n");
    out
}

fn over_time(out: &mut String, chart: &Bars) {
    if chart.bars.is_empty() {
        return;
    }
    heading(out, &format!("Alerts by {} and level", chart.unit()));
    let highest = chart.highest();
    chart.bars.iter().for_each(|bar| column(out, bar, highest));
    out.push_str("</table>\n<p>");
    for (colour, band) in COLOURS.iter().zip(Band::ALL) {
        let title = band.title().replace(' ', "&nbsp;");
        put(out, format_args!("<span style=\"color:{colour}\">&#9632;</span>&nbsp;{title}&nbsp; "));
    }
    out.push_str("</p>\n");
}

fn column(out: &mut String, bar: &Bar, highest: u64) {
    let coloured = COLOURS.iter().zip(bar.bands).filter(|(_, count)| *count > 0);
    let parts = coloured.map(|(colour, count)| (*colour, part(count, highest, BAR).max(1)));
    row(out, &bar.label, parts, bar.total());
}

fn top(out: &mut String, section: &Section) {
    heading(out, section.subject.title());
    let highest = section.entries.first().map_or(1, |entry| entry.count);
    for entry in section.entries.iter().take(ROWS_MAX) {
        let bar = ("#0072b2", part(entry.count, highest, BAR).max(1));
        row(out, &short(&entry.name, 76), [bar].into_iter(), entry.count);
    }
    out.push_str("</table>\n");
    let more = section.entries.len().saturating_sub(ROWS_MAX);
    if more > 0 {
        put(out, format_args!("<p>and {more} more in the text of this mail</p>\n"));
    }
}

fn related(out: &mut String, related: &Related) {
    heading(out, &format!("{} and what came with it", related.subject.title()));
    for (Entry { name, count }, values) in related.entries.iter().take(ROWS_MAX) {
        let values: Vec<_> = values.iter().map(|(of, value)| format!("{} {value}", of.name())).collect();
        let (name, values) = (short(name, 76), short(&values.join(", "), 500));
        let (name, values) = (Shown(&name), Shown(&values));
        put(out, format_args!("<tr><td>{name}</td><td>{values}</td><td align=\"right\">{count}</td></tr>\n"));
    }
    out.push_str("</table>\n");
}

fn heading(out: &mut String, title: &str) {
    put(
        out,
        format_args!("<h3>{title}</h3>\n<table cellpadding=\"2\" cellspacing=\"0\" style=\"{FONT}\">\n"),
    );
}

/// A row: a name, a bar of coloured parts (pixels), a number.
fn row<'c>(out: &mut String, name: &str, parts: impl Iterator<Item = (&'c str, u64)>, count: u64) {
    put(out, format_args!("<tr><td>{}</td><td>", Shown(name)));
    // Many mail programs do not hand fonts down to a table in a table.
    put(out, format_args!("<table cellpadding=\"0\" cellspacing=\"0\" style=\"{FONT}\"><tr>"));
    for (colour, wide) in parts {
        put(out, format_args!("<td bgcolor=\"{colour}\" width=\"{wide}\" height=\"12\">&nbsp;</td>"));
    }
    put(out, format_args!("<td>&nbsp;{count}</td></tr></table></td></tr>\n"));
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to memory does not fail.
    let _ = out.write_fmt(text);
}
