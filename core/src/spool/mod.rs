//! Records that wait, in a fixed size, safe against power loss.
