//! `bartizan respond`: what was done about attacks.

pub mod backtest;
