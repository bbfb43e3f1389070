//! What goes over the wire. Fields that revokd has no use for are left out;
//! unknown fields are accepted everywhere, because clouds add their own.

pub mod iam;
pub mod ims;
pub mod swr;
