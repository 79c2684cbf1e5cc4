//! The pages.

use super::Route;

/// Where they are.
pub(super) fn routes() -> Vec<Route> {
    Vec::new()
}
