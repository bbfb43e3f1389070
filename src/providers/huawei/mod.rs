//! Huawei Cloud and clouds built like it: IAM for identity, IMS for images,
//! SWR for container repositories.
//!
//! The wire types are shared by the client and the simulated cloud, so that
//! the compiler finds what one of them gets wrong.

use std::sync::Arc;

use self::{api::Api, images::Habits, reader::HuaweiReader, revoker::HuaweiRevoker};
use super::{Clock, Cloud, ConnectError, calls::Observer, patience::Patience, refusals::Standing};
use crate::{config::types, model::CloudName};

mod api;
mod codes;
mod endpoints;
mod holders;
mod iam;
mod images;
mod keys;
mod login;
mod people;
mod problem;
mod reader;
mod registry;
mod request;
mod revoker;
mod signer;
mod signing;
pub mod simulated;
#[cfg(test)]
mod tests;
mod tokens;
pub mod wire;

/// The two handles of one cloud; they share its tokens, connections and limits.
pub fn connect(
    name: CloudName,
    config: &types::Cloud,
    huawei: &types::Huawei,
    clock: Clock,
    observer: Observer,
    credential: Arc<Standing>,
) -> Result<Cloud, ConnectError> {
    connect_with(
        Patience::default(),
        name,
        config,
        huawei,
        clock,
        observer,
        credential,
    )
}

pub(super) fn connect_with(
    patience: Patience,
    name: CloudName,
    config: &types::Cloud,
    huawei: &types::Huawei,
    clock: Clock,
    observer: Observer,
    credential: Arc<Standing>,
) -> Result<Cloud, ConnectError> {
    let api = Arc::new(Api::new(config, huawei, clock, observer, credential)?);
    let habits = Habits::of(huawei, &config.limits, api.differences());
    let revoker = HuaweiRevoker::new(Arc::clone(&api), config.limits.clone());
    let reader = HuaweiReader::new(name, api, habits, config.limits.clone(), patience);
    Ok(Cloud {
        reader: Arc::new(reader),
        revoker: Arc::new(revoker),
    })
}
