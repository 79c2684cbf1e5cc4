//! Others are told who was refused here: DShield, and its like.
pub mod generations;
pub mod heap;
pub mod hit;
pub mod log;
pub mod ports;
pub mod special;
pub mod zone;
