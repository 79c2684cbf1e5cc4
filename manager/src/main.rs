//! The command `bartizan`.
fn main() {}
