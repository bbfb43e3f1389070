//! What signals ask of a command that works: to stop, or to read its policies
//! again.

use std::{path::PathBuf, sync::Arc};

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{
    cli::assemble,
    daemon::{self, ReloadError, context::Context, service::Service},
};

/// Where a reload reads from, and who is told of it.
pub struct Reload {
    pub path: PathBuf,
    pub service: Arc<Service>,
}

/// SIGTERM and SIGINT stop; SIGHUP reloads where there is something to reload.
/// They are caught from the moment of the call, also before the work is polled.
pub fn heed_signals(
    context: Arc<Context>,
    reload: Option<Reload>,
) -> anyhow::Result<impl Future<Output = ()>> {
    let terminate = signal(SignalKind::terminate())?;
    let interrupt = signal(SignalKind::interrupt())?;
    let hangup = signal(SignalKind::hangup())?;
    Ok(heed(context, reload, [terminate, interrupt, hangup]))
}

async fn heed(
    context: Arc<Context>,
    reload: Option<Reload>,
    [mut terminate, mut interrupt, mut hangup]: [Signal; 3],
) {
    let reloads = async {
        match &reload {
            Some(reload) => reload.at_each(&mut hangup, &context).await,
            // There is nothing to reload, and no reason to die of it.
            None => while hangup.recv().await.is_some() {},
        }
        std::future::pending().await
    };
    // A stop does not wait for the reload that is under way: one that is left
    // before its end has replaced all policies or none.
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = reloads => {}
    }
    tracing::info!("stopping: calls in flight are finished, the rest stays in the queue");
    context.stop.cancel();
}

impl Reload {
    /// One after the other; however many ask meanwhile, one more follows.
    async fn at_each(&self, hangup: &mut Signal, context: &Context) {
        // A daemon that waits for the store has no say in it yet.
        self.service.until_ready().await;
        while hangup.recv().await.is_some() {
            self.service.reloading();
            let refused = self.reload(context).await.unwrap_or_else(|error| {
                tracing::error!(error = &*error as &dyn std::error::Error, "the reload failed");
                Some(1)
            });
            self.service.reloaded(refused);
        }
    }

    /// How many problems the new configuration has, if it is not taken.
    async fn reload(&self, context: &Context) -> anyhow::Result<Option<usize>> {
        let (path, now) = (self.path.clone(), context.now());
        // Reads files, which may hang: nothing else waits for that.
        let loaded = tokio::task::spawn_blocking(move || assemble::load(&path, now)).await?;
        let loaded = match loaded {
            Ok(loaded) => loaded,
            Err(problems) => {
                assemble::log(&problems);
                tracing::error!(
                    problems = problems.count(),
                    "the reload was refused; the policies before it stay in force"
                );
                daemon::reload_refused(context, problems.count()).await?;
                return Ok(Some(problems.count()));
            }
        };
        assemble::log_warnings(&loaded.warnings);
        if loaded.config.clouds.keys().ne(context.clouds.keys()) {
            tracing::error!(
                "the reload was refused: adding or removing a cloud needs a restart; the policies before it stay in force"
            );
            daemon::reload_refused(context, 1).await?;
            return Ok(Some(1));
        }
        match daemon::reload(context, &loaded.config).await {
            Ok(()) => {
                tracing::info!(
                    policies = loaded.config.policies.len(),
                    "reloaded; changes of [daemon] and [clouds] wait for a restart"
                );
                Ok(None)
            }
            Err(ReloadError::Refused(why)) => {
                tracing::error!(
                    error = &why as &dyn std::error::Error,
                    "the reload was refused; the policies before it stay in force"
                );
                Ok(Some(1))
            }
            Err(error) => Err(error.into()),
        }
    }
}
