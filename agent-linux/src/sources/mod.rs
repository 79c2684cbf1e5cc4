//! Sources that cannot wait.
