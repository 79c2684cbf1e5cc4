//! The fast matcher gives the machine's answers.

mod agreement;
mod corpus;
#[path = "../../../../core/src/pattern/compile/tests/random.rs"]
mod random;

use super::Language;
