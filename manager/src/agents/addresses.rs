//! Where agents can reach this machine.
