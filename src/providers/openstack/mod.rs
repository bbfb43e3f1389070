//! OpenStack: Keystone v3 for identity, Glance v2 for images.
//!
//! The wire types are shared by the client and the simulated cloud, so that
//! the compiler finds what one of them gets wrong.

pub mod simulated;
pub mod wire;
