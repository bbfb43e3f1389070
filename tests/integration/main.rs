//! The integration tests: one binary, one harness.

mod harness;
mod house_rules;

mod binary;
mod lapse;

mod cli_check;
mod cli_daemon;
mod cli_demo;
mod cli_documents;
mod cli_folder;
mod cli_once;
mod cli_operator;
mod cli_plan;
mod cli_usage;
