//! Connections to servers, clouds and sources alike: TLS, time limits, bounded
//! bodies, and the words of an error body.

mod body;
mod client;
mod words;

pub use self::{
    body::{BodyError, read_start, read_whole},
    client::{ConnectError, Connection, build_client, is_allowed, is_loopback, origin, prepare_tls},
    words::{scrubbed, server_words, shortened},
};
