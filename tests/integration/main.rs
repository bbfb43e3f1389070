//! The integration tests: one binary, one harness.

mod harness;
mod harness_itself;
mod house_rules;

mod alerts;
mod binary;
mod circuit;
mod crash;
mod failures;
mod failures_of_looks;
mod grace;
mod huawei;
mod isolation;
mod lapse;
mod limits;
mod modes;
mod neighbours;
mod one_login;
mod partial_view;
mod people;
mod protection;
mod random;
mod schedule;
mod second_look;
mod two_clouds;
mod urgent;

// The real program, as it is called.
mod cli_check;
mod cli_daemon;
mod cli_demo;
mod cli_doctor;
mod cli_documents;
mod cli_explain;
mod cli_folder;
mod cli_init;
mod cli_log;
mod cli_once;
mod cli_operator;
mod cli_plan;
mod cli_simulate;
mod cli_sources;
mod cli_status;
mod cli_terminal;
mod cli_usage;
mod unit_files;
