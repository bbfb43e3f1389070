//! Whether the daemon can do its job, and how full its queue is.

use super::context::Context;
use crate::store::StoreError;

/// # Errors
/// What is wrong with the store, for people.
pub async fn store_works(context: &Context) -> Result<(), String> {
    context
        .store
        .ping()
        .await
        .map_err(|error| format!("store: {error}"))
}

/// One sentence for each cloud that nothing is sent to.
pub fn clouds_down(context: &Context) -> Vec<String> {
    context
        .clouds
        .values()
        .filter(|cloud| cloud.is_down())
        .map(|cloud| format!("cloud {} is down: {}", cloud.name, cloud.down_reason()))
        .collect()
}

/// # Errors
/// The store cannot be read.
pub async fn refresh_queue_metrics(context: &Context) -> Result<(), StoreError> {
    let counts = context.store.counts().await?;
    context.metrics.queue(&counts, context.store.audit_head().await?);
    Ok(())
}
