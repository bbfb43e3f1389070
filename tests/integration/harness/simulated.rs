//! A simulated cloud of either make, by what the tests ask of both.

use std::sync::MutexGuard;

use revokd::{
    providers::{huawei::simulated::SimulatedHuawei, openstack::simulated::SimulatedCloud},
    simulator::{Faults, Requests, World},
};

pub enum Simulated {
    OpenStack(SimulatedCloud),
    Huawei(SimulatedHuawei),
}

impl Simulated {
    /// The world as it is now; requests wait while it is held, and so does who
    /// asks for it twice in one statement, for ever.
    pub fn world(&self) -> MutexGuard<'_, World> {
        match self {
            Simulated::OpenStack(cloud) => cloud.world(),
            Simulated::Huawei(cloud) => cloud.world(),
        }
    }

    pub fn faults(&self) -> &Faults {
        match self {
            Simulated::OpenStack(cloud) => cloud.faults(),
            Simulated::Huawei(cloud) => cloud.faults(),
        }
    }

    pub fn requests(&self) -> &Requests {
        match self {
            Simulated::OpenStack(cloud) => cloud.requests(),
            Simulated::Huawei(cloud) => cloud.requests(),
        }
    }

    pub fn kill_all_tokens(&self) {
        match self {
            Simulated::OpenStack(cloud) => cloud.kill_all_tokens(),
            Simulated::Huawei(cloud) => cloud.kill_all_tokens(),
        }
    }
}
