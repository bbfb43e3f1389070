//! The session with one cloud against a scripted server on loopback.

mod details;
mod keys;
mod one_key;
mod setup;
mod tokens;
mod users;
