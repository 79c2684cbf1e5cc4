//! The report as a page: whole in one file, without scripts, with charts drawn
//! inside. Follows the light or dark of its reader, and prints well.
//!
//! What stands in alerts is escaped, and the page forbids itself to load or
//! run anything, so that nothing an attacker wrote into a log has an effect.

use super::chart::{Bar, Bars};
use super::markup::{Shown, part, short};
use super::summary::{Band, Entry, Logged, Related, Section, written};
use super::{Subject, Summary};
use crate::plural::counted;
use jiff::tz::TimeZone;
use std::fmt::Write;

/// What a page may do: show itself, and ask nobody for anything.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// Rows of one table; a page of all would be no help.
const ROWS_MAX: usize = 1000;

/// Bars over time, and bars of what is most frequent.
const BARS_MAX: i64 = 96;
const TOP: usize = 10;

/// Colours are those of Okabe and Ito, which people who do not see all colours
/// can tell apart; they also differ in lightness.
const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1b1f24;--paper:#fff;--quiet:#57606a;--line:#d0d7de;\
--low:#56b4e9;--medium:#e69f00;--high:#d55e00;--critical:#7b2d8e;--bar:#0072b2}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--paper:#0d1117;--quiet:#9aa4af;--line:#30363d;\
--critical:#cc79a7;--bar:#56b4e9}}
@media print{:root{--ink:#000;--paper:#fff;--quiet:#444;--line:#aaa;--critical:#7b2d8e;--bar:#0072b2}\
*{print-color-adjust:exact}section{break-inside:avoid}}
body{margin:2rem auto;max-width:62rem;padding:0 1rem;color:var(--ink);background:var(--paper);\
font:15px/1.45 system-ui,sans-serif}
h1{font-size:1.6rem;margin:0 0 .3rem}h2{font-size:1.1rem;margin:2rem 0 .5rem}
p{margin:.2rem 0;color:var(--quiet)}b{color:var(--ink)}
svg{width:100%;height:auto;display:block;overflow:visible}svg text{fill:var(--quiet);\
font:12px system-ui,sans-serif}svg line{stroke:var(--line)}svg rect{stroke:var(--paper);stroke-width:.6}\
svg .odd,svg .even{dominant-baseline:hanging}
.low{--of:var(--low)}.medium{--of:var(--medium)}.high{--of:var(--high)}.critical{--of:var(--critical)}\
rect{fill:var(--of)}i{display:inline-block;height:.75rem;background:var(--of,var(--bar))}
.legend i{width:.75rem;margin:0 .3rem 0 0}.legend span{white-space:nowrap;margin-right:1.5rem}
table{border-collapse:collapse;width:100%}td{border-top:1px solid var(--line);padding:.2rem .5rem .2rem 0;\
vertical-align:top;overflow-wrap:anywhere}td.n{text-align:right;white-space:nowrap;\
font-variant-numeric:tabular-nums;width:6rem}.top td{border:0}.top td.n{width:4rem;color:var(--quiet)}\
td.bar{width:45%}
@media (max-width:40rem){svg text{font-size:28px}svg .even{display:none}td.bar{width:30%}}
pre{white-space:pre-wrap;overflow-wrap:anywhere;border-top:1px solid var(--line);margin:0;padding:.4rem 0}
";

const CLASSES: [&str; Band::COUNT] = ["low", "medium", "high", "critical"];

/// The report.
pub fn write(summary: &Summary) -> String {
    let zone = TimeZone::system();
    let mut out = String::new();
    let name = Shown(summary.name());
    put(
        &mut out,
        format_args!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>{name}</title>\n\
             <style>\n{STYLE}</style>\n</head>\n<body>\n<h1>{name}</h1>\n"
        ),
    );
    head(&mut out, summary);
    over_time(&mut out, &Bars::new(&summary.hours, BARS_MAX, &zone));
    for (title, subject) in [("Top sources", Subject::SrcIp), ("Top rules", Subject::Rule)] {
        summary.section(subject).into_iter().for_each(|section| top(&mut out, title, section));
    }
    summary.sections.iter().for_each(|section| table(&mut out, section));
    summary.related.iter().for_each(|section| related(&mut out, section));
    logs(&mut out, summary);
    out.push_str("</body>\n</html>\n");
    out
}

/// What was counted, and of what time.
fn head(out: &mut String, summary: &Summary) {
    let Summary { processed, selected, .. } = summary;
    put(out, format_args!("<p><b>{selected}</b> alerts of {processed}</p>\n"));
    if let Some((first, last)) = summary.span {
        put(out, format_args!("<p>from {} to {}</p>\n", written(first), written(last)));
    }
    for condition in &summary.conditions {
        put(out, format_args!("<p>only {}</p>\n", Shown(condition)));
    }
}

const CHART: (u64, u64) = (960, 200);
/// Room for one bar.
const SLOT_MAX: u64 = 60;
/// Room beside and below the bars, for numbers.
const MARGIN: (u64, u64) = (60, 40);

/// Alerts over time, by how bad they are.
fn over_time(out: &mut String, chart: &Bars) {
    if chart.bars.is_empty() {
        return;
    }
    let (width, height) = CHART;
    let (total_w, total_h) = (width + MARGIN.0, height + MARGIN.1);
    put(out, format_args!("<section>\n<h2>Alerts by {} and level</h2>\n", chart.unit()));
    put(
        out,
        format_args!(
            "<svg viewBox=\"0 -8 {total_w} {total_h}\" role=\"img\" aria-label=\"Alerts over time\">\n"
        ),
    );
    let highest = chart.highest();
    for (count, y) in [(highest, 0), (highest / 2, height / 2), (0, height)] {
        let (left, text) = (MARGIN.0, y + 4);
        put(out, format_args!("<line x1=\"{left}\" x2=\"{total_w}\" y1=\"{y}\" y2=\"{y}\"/>"));
        put(out, format_args!("<text x=\"{}\" y=\"{text}\" text-anchor=\"end\">{count}</text>\n", left - 6));
    }
    let slot = (width / chart.bars.len() as u64).min(SLOT_MAX);
    let labelled = chart.bars.len().div_ceil(8);
    for (number, bar) in chart.bars.iter().enumerate() {
        let x = MARGIN.0 + slot * number as u64;
        column(out, bar, x, slot, highest);
        if number % labelled == 0 {
            // On a small screen there is room for every other one.
            let class = if (number / labelled).is_multiple_of(2) { "odd" } else { "even" };
            let y = height + 6;
            put(out, format_args!("<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{}</text>\n", bar.label));
        }
    }
    out.push_str("</svg>\n");
    legend(out);
    out.push_str("</section>\n");
}

/// One bar: its parts on top of one another, the least bad below.
fn column(out: &mut String, bar: &Bar, x: u64, slot: u64, highest: u64) {
    if bar.total() == 0 {
        return;
    }
    put(out, format_args!("<g><title>{}: {}</title>", bar.label, counted(bar.total(), "alert", "alerts")));
    let mut below = 0;
    for (class, count) in CLASSES.iter().zip(bar.bands).filter(|(_, count)| *count > 0) {
        let (from, to) = (part(below, highest, CHART.1), part(below + count, highest, CHART.1));
        // What is there is seen.
        let tall = (to - from).max(1);
        let y = CHART.1.saturating_sub(from + tall);
        let wide = slot.saturating_sub(1).max(1);
        put(
            out,
            format_args!("<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{wide}\" height=\"{tall}\"/>"),
        );
        below += count;
    }
    out.push_str("</g>\n");
}

fn legend(out: &mut String) {
    out.push_str("<p class=\"legend\">");
    for (class, band) in CLASSES.iter().zip(Band::ALL) {
        put(out, format_args!("<span><i class=\"{class}\"></i>{}</span> ", band.title()));
    }
    out.push_str("</p>\n");
}

/// The most frequent entries of a subject.
fn top(out: &mut String, title: &str, section: &Section) {
    let entries = section.entries.get(..TOP).unwrap_or(&section.entries);
    let highest = entries.iter().map(|entry| entry.count).max().unwrap_or(1);
    put(out, format_args!("<section>\n<h2>{title}</h2>\n<table class=\"top\">\n"));
    for Entry { name, count } in entries {
        let (name, wide) = (short(name, 120), part(*count, highest, 100).max(1));
        let name = Shown(&name);
        put(
            out,
            format_args!(
                "<tr><td>{name}</td><td class=\"bar\"><i style=\"width:{wide}%\"></i></td>\
                 <td class=\"n\">{count}</td></tr>\n"
            ),
        );
    }
    out.push_str("</table>\n</section>\n");
}

fn table(out: &mut String, section: &Section) {
    put(out, format_args!("<section>\n<h2>{}</h2>\n<table>\n", section.subject.title()));
    for entry in section.entries.iter().take(ROWS_MAX) {
        row(out, entry, "");
    }
    let more = section.entries.iter().skip(ROWS_MAX).map(|entry| entry.count).sum::<u64>() + section.others;
    if more > 0 {
        row(out, &Entry { name: "(others)".to_owned(), count: more }, "");
    }
    out.push_str("</table>\n</section>\n");
}

fn related(out: &mut String, related: &Related) {
    put(
        out,
        format_args!("<section>\n<h2>{} and what came with it</h2>\n<table>\n", related.subject.title()),
    );
    for (entry, values) in related.entries.iter().take(ROWS_MAX) {
        let value = |(subject, value): &(Subject, String)| format!("{} {}", subject.name(), Shown(value));
        row(out, entry, &values.iter().map(value).collect::<Vec<_>>().join(", "));
    }
    out.push_str("</table>\n</section>\n");
}

/// A row; `more` is HTML already.
fn row(out: &mut String, entry: &Entry, more: &str) {
    let more = if more.is_empty() { String::new() } else { format!("<td>{more}</td>") };
    put(
        out,
        format_args!("<tr><td>{}</td>{more}<td class=\"n\">{}</td></tr>\n", Shown(&entry.name), entry.count),
    );
}

fn logs(out: &mut String, summary: &Summary) {
    if summary.logs.is_empty() {
        return;
    }
    out.push_str("<h2>Alerts</h2>\n");
    for Logged { time, location, rule, level, description, log } in &summary.logs {
        let (location, description, log) = (Shown(location), Shown(description), Shown(log));
        put(
            out,
            format_args!(
                "<pre><b>{}</b> {location}\nrule {rule} (level {level}) {description}\n{log}</pre>\n",
                written(*time)
            ),
        );
    }
    if summary.logs_left_out > 0 {
        put(out, format_args!("<p>and {} more</p>\n", summary.logs_left_out));
    }
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to memory does not fail.
    let _ = out.write_fmt(text);
}
