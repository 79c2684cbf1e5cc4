//! The workshop: what people who write rules ask of them.
//!
//! Nothing here judges. The engine does, as everywhere else; this room reads
//! the same image and the same files again and tells in words what is written
//! there and why a line got the answer that it got. So it may take its time,
//! and the engine knows nothing of it.
//!
//! | room | what happens there |
//! |---|---|
//! | [`catalog`] | rules with their files, parents, children and correlations |
//! | [`words`] | conditions in words |
//! | [`coverage`] | which rules and decoders tests reach |
//! | [`record`] | a line and its answer as a new case of a test file |
//! | [`profile`] | what rules and patterns cost on given logs |
//! | [`lint`] | rules that can never fire, patterns that cost too much |
//! | [`difference`] | what two rulesets answer differently |
//! | [`explain`] | why a line got its answer, and why a rule did not fire |

pub mod catalog;
pub mod coverage;
pub mod difference;
pub mod explain;
pub mod lint;
pub mod profile;
pub mod record;
pub mod words;
