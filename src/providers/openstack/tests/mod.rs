//! The client against a scripted server on loopback, one behaviour at a time.

mod collecting;
mod login;
mod looking;
mod one_credential;
mod revoking;
mod setup;
mod transport;
mod users;
