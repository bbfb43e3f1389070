//! Every provider there is, one line each.

use super::{Clock, Cloud, ConnectError, calls::Observer, huawei, openstack};
use crate::{
    config::types::{self, Provider},
    model::CloudName,
};

/// The handles of one configured cloud. Nothing is sent yet.
pub fn connect(
    name: CloudName,
    config: &types::Cloud,
    clock: Clock,
    observer: Observer,
) -> Result<Cloud, ConnectError> {
    match &config.provider {
        Provider::OpenStack(auth) => openstack::connect(name, config, auth, clock, observer),
        Provider::Huawei(huawei) => huawei::connect(name, config, huawei, clock, observer),
    }
}
