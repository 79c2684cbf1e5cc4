//! Alerts over time as bars, and the same as a table for those who do not see
//! them.

use super::shown;
use crate::console::view::overview::{Column, Overview};
use crate::report::Band;
use crate::report::markup::part;
use maud::{Markup, html};

/// Size of the chart without its margins, in units of its own.
const SIZE: (u64, u64) = (960, 160);

/// Room on the left for numbers, and below for times.
const MARGIN: (u64, u64) = (52, 22);

/// Room for a time.
const LABEL: u64 = 150;

/// Times that are written below.
const LABELS: usize = 8;

/// The chart.
pub(super) fn chart(overview: &Overview) -> Markup {
    let highest = overview.bars.iter().map(Column::alerts).max().unwrap_or(0).max(1);
    let (width, height) = (SIZE.0 + MARGIN.0, SIZE.1 + MARGIN.1);
    let about = format!("{} by {}", shown::counted(overview.alerts, "alert", "alerts"), overview.unit);
    html! {
        figure.chart {
            svg viewBox={ "0 -14 " (width) " " (height + 14) } role="img" aria-label=(about) {
                @for (count, y) in [(highest, 0), (highest / 2, SIZE.1 / 2), (0, SIZE.1)] {
                    line x1=(MARGIN.0) x2=(width) y1=(y) y2=(y) {}
                    text x=(MARGIN.0 - 6) y=(y + 4) text-anchor="end" { (count) }
                }
                (columns(&overview.bars, highest))
            }
            (legend(overview))
            details {
                summary { "The same as a table" }
                (table(overview))
            }
        }
    }
}

fn columns(bars: &[Column], highest: u64) -> Markup {
    let count = bars.len().max(1) as u64;
    let labelled = bars.len().div_ceil(LABELS).max(1);
    let x = |place: usize| MARGIN.0 + SIZE.0 * place as u64 / count;
    html! {
        @for (place, bar) in bars.iter().enumerate() {
            g {
                title { (bar.label) ": " (shown::counted(bar.alerts(), "alert", "alerts")) }
                rect.room x=(x(place)) y="0" width=(x(place + 1) - x(place)) height=(SIZE.1) {}
                @for (class, y, tall) in parts(bar, highest) {
                    rect.(class) x=(x(place)) y=(y) width=((x(place + 1) - x(place)).max(2) - 1) height=(tall) {}
                }
            }
            @if place % labelled == 0 {
                @let is_at_end = x(place) + LABEL > MARGIN.0 + SIZE.0;
                text.label x=(x(place)) y=(SIZE.1 + 16) text-anchor=[is_at_end.then_some("end")] { (bar.label) }
            }
        }
    }
}

/// The parts of a bar, the least bad below: class, top, height. What is there
/// is seen.
fn parts(bar: &Column, highest: u64) -> Vec<(&'static str, u64, u64)> {
    let mut below = 0;
    let mut parts = Vec::new();
    for (class, count) in shown::BANDS.into_iter().zip(bar.bands).filter(|(_, count)| *count > 0) {
        let (from, to) = (part(below, highest, SIZE.1), part(below + count, highest, SIZE.1));
        let tall = (to - from).max(1);
        parts.push((class, SIZE.1.saturating_sub(from + tall), tall));
        below += count;
    }
    parts
}

fn legend(overview: &Overview) -> Markup {
    html! {
        p.legend {
            @for ((class, band), count) in shown::BANDS.into_iter().zip(Band::ALL).zip(overview.bands) {
                span { svg.key.(class) viewBox="0 0 10 10" { rect.(class) width="10" height="10" {} }
                    (band.title()) ": " (shown::number(count)) } " "
            }
        }
    }
}

fn table(overview: &Overview) -> Markup {
    html! {
        table {
            thead { tr { th { "From" } @for band in Band::ALL { th.n { (band.title()) } } } }
            tbody {
                @for bar in &overview.bars {
                    tr { td { (bar.label) } @for count in bar.bands { td.n { (shown::number(count)) } } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_seen_and_nothing_is_higher_than_the_chart() {
        let bar = |bands| Column { label: String::new(), bands };
        for bands in [[1, 0, 0, 0], [1_000_000, 1, 1, 1], [0, 0, 0, 1], [250_000; 4]] {
            let parts = parts(&bar(bands), 1_000_003);
            assert_eq!(parts.len(), bands.iter().filter(|count| **count > 0).count());
            assert!(parts.iter().all(|(_, y, tall)| *tall >= 1 && y + tall <= SIZE.1), "{parts:?}");
        }
    }
}
