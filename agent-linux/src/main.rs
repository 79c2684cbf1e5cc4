//! `bartizan-agent`.

fn main() {}
