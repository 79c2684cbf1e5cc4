//! Small configurations for tests.

use crate::config::{Config, Home};
use crate::diagnose::{Colour, Diagnostics, Sources};

/// What a configuration says that is free of errors.
pub(super) fn config(inner: &str) -> Config {
    let mut sources = Sources::new();
    let source = sources.add("ossec.conf", format!("<ossec_config>{inner}</ossec_config>"));
    let mut report = Diagnostics::new();
    let config = Config::from_source(&Home::new("/nonexistent"), source, &sources, &mut report);
    assert!(!report.has_errors(), "{}", report.render(&sources, Colour::None));
    config
}
