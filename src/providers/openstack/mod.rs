//! OpenStack: Keystone v3 for identity, Glance v2 for images.
//!
//! The wire types are shared by the client and the simulated cloud, so that
//! the compiler finds what one of them gets wrong.

use std::sync::Arc;

use self::{
    api::Api, glance::Glance, identity::Identity, keystone::Keystone, reader::OpenStackReader,
    revoker::OpenStackRevoker,
};
use super::{
    Clock, Cloud, ConnectError,
    calls::Observer,
    http::{Http, is_allowed},
    patience::Patience,
    refusals::Standing,
    session::Session,
};
use crate::{config::types, model::CloudName};

mod api;
mod collect;
mod credentials;
mod glance;
mod identity;
mod keystone;
mod look;
mod reader;
mod revoker;
pub mod simulated;
#[cfg(test)]
mod tests;
mod translate;
pub mod wire;

/// The two handles of one cloud; they share its token, connections and limits.
pub fn connect(
    name: CloudName,
    config: &types::Cloud,
    auth: &types::Auth,
    clock: Clock,
    observer: Observer,
    credential: Arc<Standing>,
) -> Result<Cloud, ConnectError> {
    connect_with(
        Patience::default(),
        name,
        config,
        auth,
        clock,
        observer,
        credential,
    )
}

pub(super) fn connect_with(
    patience: Patience,
    name: CloudName,
    config: &types::Cloud,
    auth: &types::Auth,
    clock: Clock,
    observer: Observer,
    credential: Arc<Standing>,
) -> Result<Cloud, ConnectError> {
    for url in [Some(&config.auth_url), config.endpoints.image.as_ref()]
        .into_iter()
        .flatten()
    {
        if !is_allowed(url, config.allow_http) {
            let url = Box::new(url.clone());
            return Err(ConnectError::PlainHttp { url });
        }
    }
    let http = Arc::new(Http::new(config, Arc::clone(&clock), observer)?);
    let keystone = Keystone {
        http: Arc::clone(&http),
        config: config.clone(),
        auth: auth.clone(),
    };
    let session = Session::new(keystone, clock, credential);
    let api = Arc::new(Api::new(http, session));
    let glance = Arc::new(Glance::new(Arc::clone(&api)));
    let identity = Identity {
        api,
        limits: config.limits.clone(),
        patience,
    };
    let reader = OpenStackReader::new(
        name,
        Arc::clone(&glance),
        identity,
        config.limits.clone(),
        patience,
    );
    Ok(Cloud {
        reader: Arc::new(reader),
        revoker: Arc::new(OpenStackRevoker::new(glance)),
    })
}
