//! The registry's client against a scripted server on loopback, one behaviour
//! at a time.

mod collecting;
mod holding;
mod looking;
mod permissions;
mod revoking;
mod setup;
mod sharing;
