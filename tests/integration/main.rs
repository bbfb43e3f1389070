//! The integration tests: one binary, one harness.

mod cli_check;
mod cli_folder;
mod cli_usage;
mod house_rules;
