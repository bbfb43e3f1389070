//! The examples in `config/`, as they are shipped: the demo and the simulator
//! write them out with the cloud replaced.

pub const CONFIG: &str = include_str!("../../config/revokd.toml");

pub const POLICIES: &[(&str, &str)] = &[
    ("copies-watched.toml", ""),
];

/// Beside the configuration; the shipped one names it.
pub const PASSWORD_FILE: &str = "example-password";
