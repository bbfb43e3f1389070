//! The decisions: pure functions from values and a `now` to values.
//!
//! No I/O, no clock, no randomness, no async. Compiling a policy can fail and
//! says why; deciding cannot fail.

pub mod condition;
pub mod patterns;
pub mod policy;
pub mod retry;
pub mod schedule;
