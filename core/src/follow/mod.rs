//! A file that is written to and rotated: lines, each once.
