//! The one harness of all scenarios.
//!
//! A [`Scene`] is written down (worlds, policies, configuration), raised to a
//! [`Stage`], acted on, and finished. [`Stage::finish`] checks after every test
//! what must hold after any: nothing was removed that nobody decided on, nobody
//! lost anything whom no list said it of,
//! nothing is called done that is still there, nothing is stuck, the audit is
//! whole and no secret got out.

mod clock;
mod closing;
mod http;
mod huawei;
mod list_oracle;
mod list_server;
mod logs;
mod people;
mod policy_text;
mod process;
mod raising;
mod scene;
mod serving;
mod simulated;
mod stage;
mod staged_cloud;

pub use http::{get, post};
pub use huawei::FLAVOURS;
pub use list_server::{ListServer, answer};
pub use people::SourceText;
pub use policy_text::{PolicyText, expired_account_shares, lapse, leavers, stale_images};
pub use process::Process;
pub use scene::Scene;
pub use serving::Serving;
pub use stage::Stage;
pub use staged_cloud::removable;

use jiff::SignedDuration;

/// The one cloud of a scene that names no other.
pub const CLOUD: &str = "sim";

pub fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

pub fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

pub fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

pub fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}
