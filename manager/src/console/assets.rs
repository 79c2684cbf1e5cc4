//! Style and scripts: part of the program, under names that change with what
//! is in them, so that a browser keeps them for good and never has old ones.

use super::failure::Failure;
use super::route::{Needs, Route};
use super::secret;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap};
use axum::response::{IntoResponse, Response};
use std::sync::LazyLock;

/// A file that pages load.
#[derive(Debug)]
pub struct Asset {
    /// Its path.
    pub path: String,
    kind: &'static str,
    text: &'static str,
}

/// How all pages look.
pub static CSS: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("console", "css", include_str!("assets/console.css")));

/// Keys: moving in lists, going to places.
pub static KEYS: LazyLock<Asset> = LazyLock::new(|| Asset::new("keys", "js", include_str!("assets/keys.js")));

/// Alerts as they come.
pub static LIVE: LazyLock<Asset> = LazyLock::new(|| Asset::new("live", "js", include_str!("assets/live.js")));

/// The graph, moved and made larger.
pub static GRAPH: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("graph", "js", include_str!("assets/graph.js")));

/// All of them.
static ALL: [&LazyLock<Asset>; 4] = [&CSS, &KEYS, &LIVE, &GRAPH];

const FOLDER: &str = "/assets/";

impl Asset {
    fn new(name: &str, end: &str, text: &'static str) -> Self {
        let digest: String = secret::key(text).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let kind = if end == "css" { "text/css; charset=utf-8" } else { "text/javascript; charset=utf-8" };
        Self { path: format!("{FOLDER}{name}.{digest}.{end}"), kind, text }
    }
}

pub(super) fn routes() -> Vec<Route> {
    let about = "Style and scripts";
    vec![Route::get("/assets/{name}", about, asset).for_whom(Needs::Nobody)]
}

async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, Failure> {
    let is_it = |asset: &&&LazyLock<Asset>| asset.path.strip_prefix(FOLDER) == Some(name.as_str());
    let asset = ALL.iter().find(is_it).ok_or(Failure::NotFound)?;
    let tag = format!("\"{name}\"");
    let kept = [(header::CACHE_CONTROL, "public, max-age=31536000, immutable"), (header::ETAG, tag.as_str())];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, kept).into_response());
    }
    Ok((kept, [(header::CONTENT_TYPE, asset.kind)], asset.text).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asset_has_another_name_when_it_changes() {
        let (one, other) = (Asset::new("keys", "js", "1"), Asset::new("keys", "js", "2"));
        assert_ne!(one.path, other.path);
        assert!(one.path.starts_with("/assets/keys.") && one.path.ends_with(".js"));
    }
}
