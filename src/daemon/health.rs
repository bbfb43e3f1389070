//! Whether the daemon can do its job, and how full its queue is.

use super::context::Context;
use crate::{metrics::Queue, store::StoreError};

/// # Errors
/// What is wrong with the store, for people.
pub async fn store_works(context: &Context) -> Result<(), String> {
    context
        .store
        .takes_writes()
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

/// All metrics, with the queue as it is now. The store is read first, so that a
/// slow one keeps nobody else from their page.
///
/// # Errors
/// The store cannot be read.
pub async fn metrics_page(context: &Context) -> Result<String, StoreError> {
    let queue = Queue {
        counts: context.store.counts().await?,
        waiting: context.store.waiting(context.now()).await?,
        audit_head: context.store.audit_head().await?,
    };
    context.metrics.clock_says(context.now());
    Ok(context.metrics.render_with(&queue))
}
