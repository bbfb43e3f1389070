//! Connections to servers, clouds and sources alike: TLS, time limits, bounded
//! bodies, and the words of an error body.

mod body;
mod client;
mod glimpse;
mod words;

pub use self::{
    body::{BodyError, read_start, read_whole},
    client::{ConnectError, Connection, build_client, is_allowed, is_loopback, origin, prepare_tls},
    glimpse::{BadCertificate, Glimpse, Unseen, glimpse},
    words::{host_and_port, scrubbed, server_words, shortened},
};
