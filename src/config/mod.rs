//! Configuration and policies: TOML in, values that cannot be wrong out.

pub mod types;
