//! The limits of `[clouds.NAME]`: how hard a cloud may be worked.

use std::time::Duration;

use super::{
    reader::Table,
    types::{CloudLimits, ProviderName},
};

const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(3600);
/// What the call takes at most, each way.
const LARGEST_BATCH: u64 = 100;

/// Reads the keys out of a cloud's section. Calls that remove several targets
/// are Huawei's, and so are their limits; where the provider is not known, the
/// keys are passed over.
pub fn read(section: &mut Table<'_>, provider: Option<ProviderName>) -> CloudLimits {
    let mut limits = CloudLimits::default();
    if let Some(calls) = section
        .take("concurrency")
        .and_then(|value| value.integer(1, 256))
    {
        limits.concurrency = usize::try_from(calls).unwrap_or(limits.concurrency);
    }
    if let Some(rate) = section
        .take("requests_per_second")
        .and_then(|value| value.integer(1, 100_000))
    {
        limits.requests_per_second = u32::try_from(rate).ok();
    }
    if let Some(time) = section
        .take("connect_timeout")
        .and_then(|value| value.duration(SHORTEST, LONGEST))
    {
        limits.connect_timeout = time;
    }
    if let Some(time) = section
        .take("request_timeout")
        .and_then(|value| value.duration(SHORTEST, LONGEST))
    {
        limits.request_timeout = time;
    }
    if let Some(size) = section
        .take("page_size")
        .and_then(|value| value.integer(1, 10_000))
    {
        limits.page_size = u32::try_from(size).unwrap_or(limits.page_size);
    }
    match provider {
        Some(ProviderName::OpenStack) => {
            for key in ["batch_resources", "batch_subjects"] {
                let message =
                    format!("`{key}` is about calls that remove several targets; OpenStack has none");
                section.refuse(key, &message, Some("leave it out"));
            }
        }
        Some(ProviderName::Huawei) | None => {
            let sizes = [
                ("batch_resources", &mut limits.batch_resources),
                ("batch_subjects", &mut limits.batch_subjects),
            ];
            for (key, size) in sizes {
                let most = section
                    .take(key)
                    .and_then(|value| value.integer(1, LARGEST_BATCH));
                if let Some(most) = most.and_then(|most| usize::try_from(most).ok()) {
                    *size = most;
                }
            }
        }
    }
    limits
}
