//! # Bartizan's manager
