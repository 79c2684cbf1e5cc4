//! Which rules have which responses.
//!
//! Made once for an image; asked once for each alert, by the row of its rule.

use crate::config::responses::{Response, Responses};
use bartizan_core::image::Image;
use std::sync::Arc;

/// The responses of one rule, in the order of the configuration.
pub type Bound = Arc<[Arc<Response>]>;

/// The responses of each rule of an image.
#[derive(Clone, Debug, Default)]
pub struct Binding {
    /// By row of the rule: a place in `sets`. Empty if nothing is bound.
    rules: Vec<u16>,
    sets: Vec<Bound>,
}

impl Binding {
    /// Binds what is configured to the rules of an image.
    pub fn new(_responses: &Responses, _image: &Image<'_>) -> Self {
        Self::default()
    }

    /// The responses of the rule of a row: one look-up. `None` if there are
    /// none.
    pub fn of(&self, rule: u16) -> Option<&Bound> {
        self.sets.get(usize::from(*self.rules.get(usize::from(rule))?))
    }

    /// Whether no rule has a response.
    pub fn is_empty(&self) -> bool {
        self.sets.is_empty()
    }
}
