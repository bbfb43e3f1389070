//! revokd takes access away when a policy says that it must end, and proves
//! that it is gone. The modules, in reading order:

pub mod model;

pub mod engine;

pub mod config;

pub mod connection;

pub mod simulator;

pub mod providers;

pub mod sources;

pub mod store;

pub mod metrics;

pub mod daemon;

pub mod cli;
