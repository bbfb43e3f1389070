//! Huawei Cloud and clouds built like it: IAM for identity, IMS for images,
//! SWR for container repositories.
//!
//! The wire types are shared by the client and the simulated cloud, so that
//! the compiler finds what one of them gets wrong.

use super::{Clock, Cloud, ConnectError, calls::Observer};
use crate::{config::types, model::CloudName};

mod api;
mod codes;
mod endpoints;
mod holders;
mod iam;
mod keys;
mod login;
mod problem;
mod request;
mod signer;
mod signing;
#[cfg(test)]
mod tests;
mod tokens;
pub mod wire;

/// The two handles of one cloud; they share its tokens, connections and limits.
pub fn connect(
    _name: CloudName,
    config: &types::Cloud,
    _huawei: &types::Huawei,
    _clock: Clock,
    _observer: Observer,
) -> Result<Cloud, ConnectError> {
    Err(ConnectError::PlainHttp {
        url: Box::new(config.auth_url.clone()),
    })
}
