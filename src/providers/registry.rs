//! Every provider there is, one line each.

use super::{Clock, Cloud, ConnectError, calls::Observer, huawei, openstack, refusals::Refusals};
use crate::{
    config::{
        login::Credential,
        types::{self, Provider},
    },
    model::CloudName,
};

/// The handles of one configured cloud. Nothing is sent yet. Clouds that are
/// made with the same `refusals` do not try each other's refused logins.
pub fn connect(
    name: CloudName,
    config: &types::Cloud,
    clock: Clock,
    observer: Observer,
    refusals: &Refusals,
) -> Result<Cloud, ConnectError> {
    let credential = refusals.standing(Credential::of_cloud(config));
    match &config.provider {
        Provider::OpenStack(auth) => openstack::connect(name, config, auth, clock, observer, credential),
        Provider::Huawei(huawei) => huawei::connect(name, config, huawei, clock, observer, credential),
    }
}
