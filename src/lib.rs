//! revokd takes access away when a policy says that it must end, and proves
//! that it is gone. The modules, in reading order:

pub mod model;

pub mod engine;

pub mod config;

pub mod providers;

pub mod simulator;
