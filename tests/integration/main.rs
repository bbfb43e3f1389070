//! The integration tests: one binary, one harness.

mod harness;
mod harness_itself;
mod house_rules;

mod binary;
mod circuit;
mod crash;
mod failures;
mod failures_of_looks;
mod grace;
mod isolation;
mod lapse;
mod limits;
mod modes;
mod neighbours;
mod partial_view;
mod protection;
mod random;
mod schedule;
mod second_look;
mod two_clouds;
