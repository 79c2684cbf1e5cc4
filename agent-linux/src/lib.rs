//! # Bartizan's agent
