//! The integration tests: one binary, one harness.

mod house_rules;
