//! # Bartizan's agent

pub mod config;
