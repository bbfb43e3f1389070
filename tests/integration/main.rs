//! The integration tests: one binary, one harness.

mod harness;
mod house_rules;

mod binary;
mod lapse;

mod cli_check;
mod cli_folder;
mod cli_usage;
