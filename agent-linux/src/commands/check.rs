//! x
use super::{Arguments, Failure};
pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let _ = arguments;
    Ok(())
}
