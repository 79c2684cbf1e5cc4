//! Alerts as they come: server-sent events, some rows at a time. What is too
//! much to look at is counted and not sent, so neither side grows.

use super::alerts;
use crate::alert::Entry;
use crate::console::assets::LIVE;
use crate::console::query::Query;
use crate::console::view::alerts::{line, page};
use crate::console::{Console, Failure, Live, Route, Viewer, shell};
use crate::sources::epoch_now;
use crate::store::{Filter, Reader, StoreError};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::Event;
use axum::response::{IntoResponse, Response, Sse};
use futures_util::stream;
use maud::html;
use serde::Serialize;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Rows that are there when the page comes.
const FIRST: usize = 20;

/// Rows of one event at most; further alerts are counted.
const ROWS_MAX: usize = 40;

/// Alerts that are looked at for one event; those before are passed over.
const LOOKED_AT: usize = 2000;

/// How long alerts are gathered for one event.
const GATHER: Duration = Duration::from_millis(500);

/// After so long without an alert something is sent, so that a connection
/// that is dead is noticed; and how often it is looked whether the viewer may
/// still be here.
const QUIET: Duration = Duration::from_secs(20);

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/live", "Alerts as they come", view),
        Route::get("/live/events", "The same as server-sent events", events),
    ]
}

async fn view(
    State(console): State<Arc<Console>>,
    viewer: Viewer,
    query: Query,
) -> Result<Response, Failure> {
    let filter = query.filter(epoch_now())?;
    let found = console.reader(move |reader| page(reader, &filter, None, FIRST)).await?;
    let words = query.filter_words();
    let events = words.on("/live/events");
    let body = html! {
        (alerts::form(&query, "/live"))
        p.live {
            button #pause type="button" aria-pressed="false" hidden { "Pause" } " "
            span #told role="status" { "Waits for alerts." } " "
            span #skipped {}
        }
        noscript { p { "Without scripts, load this page again to see what is new." } }
        div #live data-events=(events) data-after=(found.committed) { (alerts::table(&found.alerts, &words)) }
        (alerts::how_far(&found))
    };
    Ok(shell::page_with(&viewer, "Live", "/live", &[&LIVE], body))
}

/// Some rows.
#[derive(Debug, Default, Serialize)]
struct Batch {
    /// HTML, newest first.
    rows: String,
    /// How many they are.
    count: usize,
    /// Alerts that were not sent.
    skipped: u64,
    /// The highest level of those that were.
    level: u16,
}

async fn events(
    State(console): State<Arc<Console>>,
    viewer: Viewer,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let filter = query.filter(epoch_now())?;
    let live = console.live().ok_or(Failure::Busy(30))?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let after = query.number("after")?;
    let seen = last.or(after).unwrap_or_else(|| *live.committed.borrow());
    let words = query.filter_words();
    let view = View { console, viewer, live, filter, words, seen, looked: Instant::now() };
    Ok(Sse::new(stream::unfold(view, next)).into_response())
}

/// One viewer.
struct View {
    console: Arc<Console>,
    viewer: Viewer,
    live: Live,
    filter: Filter,
    words: Query,
    /// The last alert that was looked at.
    seen: u64,
    /// When it was last made sure that the viewer may be here.
    looked: Instant,
}

/// The next event; none when the view is over.
async fn next(mut view: View) -> Option<(Result<Event, Infallible>, View)> {
    loop {
        let committed = *view.live.committed.borrow_and_update();
        if committed <= view.seen {
            tokio::select! {
                changed = view.live.committed.changed() => changed.ok()?,
                _ = view.live.stopped.changed() => return None,
                () = tokio::time::sleep(QUIET) => {}
            }
        }
        if !view.may_stay().await {
            return None;
        }
        let committed = *view.live.committed.borrow_and_update();
        if committed <= view.seen {
            return Some((Ok(Event::default().comment("")), view));
        }
        tokio::time::sleep(GATHER).await;
        let batch = view.read().await.ok()?;
        if batch.count > 0 || batch.skipped > 0 {
            let event = Event::default().id(view.seen.to_string()).json_data(batch).unwrap_or_default();
            return Some((Ok(event), view));
        }
    }
}

impl View {
    async fn may_stay(&mut self) -> bool {
        if *self.live.stopped.borrow() {
            return false;
        }
        if self.looked.elapsed() < QUIET {
            return true;
        }
        self.looked = Instant::now();
        self.console.is_still_in(&self.viewer).await
    }

    /// Reads on.
    async fn read(&mut self) -> Result<Batch, Failure> {
        let (seen, filter) = (self.seen, self.filter.clone());
        let (committed, skipped, found) =
            self.console.reader(move |reader| newest(reader, &filter, seen)).await?;
        self.seen = committed;
        let lines: Vec<_> = found.iter().rev().map(line).collect();
        let rows: String = lines.iter().map(|alert| alerts::row(alert, &self.words).into_string()).collect();
        let level = lines.iter().map(|alert| alert.level).max().unwrap_or(0);
        Ok(Batch { rows, count: lines.len(), skipped, level })
    }
}

/// The newest alerts behind a number: up to which one was looked, how many
/// were left out, and the rest of them, oldest first. Of more than
/// [`LOOKED_AT`] the older ones are not looked at.
fn newest(reader: &mut Reader, filter: &Filter, seen: u64) -> Result<(u64, u64, Vec<Entry>), StoreError> {
    let committed = reader.committed()?;
    let from = seen.max(committed.saturating_sub(LOOKED_AT as u64));
    let mut found = reader.after(from, filter, LOOKED_AT)?;
    found.retain(|entry| entry.seq <= committed);
    let more = found.len().saturating_sub(ROWS_MAX);
    Ok((committed.max(seen), from - seen + more as u64, found.split_off(more)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Appender;
    use crate::store::sample::sshd;

    #[test]
    fn however_much_comes_only_so_much_is_sent_and_the_rest_is_counted() {
        let home = tempfile::tempdir().expect("a folder");
        let mut alerts: Vec<_> = (0..5000).map(sshd).collect();
        Appender::open(home.path()).expect("a store").append(&mut alerts).expect("appended");
        let mut reader = Reader::open(home.path()).expect("a reader");
        let all = Filter::default();
        let (upto, skipped, found) = newest(&mut reader, &all, 100).expect("read");
        assert_eq!((upto, found.len(), skipped), (5000, ROWS_MAX, 4900 - ROWS_MAX as u64));
        assert_eq!(found.last().map(|entry| entry.seq), Some(5000));
        let (upto, skipped, found) = newest(&mut reader, &all, 4990).expect("read");
        assert_eq!((upto, found.len(), skipped), (5000, 10, 0));
        let none = newest(&mut reader, &all, 5000).expect("read");
        assert_eq!((none.0, none.1, none.2.len()), (5000, 0, 0));
        // A number of a store that somebody has removed.
        let none = newest(&mut reader, &all, 9000).expect("read");
        assert_eq!((none.0, none.1, none.2.len()), (9000, 0, 0));
    }
}
