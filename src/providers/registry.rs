//! Every provider there is, one line each.

use super::{Clock, Cloud, ConnectError, calls::Observer, openstack};
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
    match config.provider {
        Provider::OpenStack => openstack::connect(name, config, clock, observer),
    }
}
