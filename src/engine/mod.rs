//! The decisions: pure functions from values and a `now` to values.
//!
//! No I/O, no clock, no randomness, no async. Compiling a policy can fail and
//! says why; deciding cannot fail.

pub mod batches;
pub mod brake;
mod candidate;
pub mod circuit;
pub mod condition;
pub mod evaluate;
pub mod expiry;
pub mod patterns;
pub mod people;
pub mod plan;
pub mod policy;
pub mod reach;
pub mod recheck;
pub mod reconcile;
mod resource;
pub mod retry;
mod rule;
pub mod schedule;

#[cfg(test)]
pub(crate) mod sample;
