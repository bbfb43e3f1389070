//! Ends a daemon whose store was taken away, also while it has nothing to write.
//!
//! Its writes fail anyhow, but a quiet daemon makes few, and until then it would
//! look well to everybody who does not ask it.

use std::{sync::Arc, time::Duration};

use super::context::Context;
use crate::store::StoreError;

const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Looks until the context says stop. Other troubles of the store are for those
/// who meet them: some pass.
///
/// # Errors
/// The store was removed or replaced.
pub async fn watch(context: Arc<Context>) -> Result<(), StoreError> {
    while !context.stop.is_cancelled() {
        if let Err(gone @ StoreError::Gone { .. }) = context.store.ping().await {
            return Err(gone);
        }
        tokio::select! {
            () = context.stop.cancelled() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
    Ok(())
}
