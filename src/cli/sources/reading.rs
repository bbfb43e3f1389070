//! One read of a source from the command line; nothing of it is recorded.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    cli::assemble,
    config::{people::Source, types::Config},
    daemon::{clock::Clock, context::Cloud},
    engine::people::{Proven, prove},
    model::{Baseline, CloudName, Roll, SourceName, SourceRecord},
    sources::{self, ReadFailure},
};

/// A list as it was just read, and whether it met its demands.
pub struct Read {
    /// Or what kept it from being read.
    pub roll: Result<Arc<Roll>, String>,
    /// Whether the server does not take the login: it must not be tried again.
    pub is_refused: bool,
    /// Or which figure was not met.
    pub proven: Result<Proven, String>,
}

pub async fn read(
    source: &Source,
    clouds: &BTreeMap<CloudName, Arc<Cloud>>,
    baseline: Option<Baseline>,
    clock: &dyn Clock,
) -> Read {
    let roll = roll(source, clouds, clock).await;
    let is_refused = matches!(roll, Err(ReadFailure::LoginRefused(_)));
    let roll = roll.map(Arc::new).map_err(|failure| failure.to_string());
    let proven = match &roll {
        Ok(roll) => prove(roll.clone(), &source.demands, baseline, clock.now()),
        Err(why) => Err(why.clone()),
    };
    Read {
        roll,
        is_refused,
        proven,
    }
}

async fn roll(
    source: &Source,
    clouds: &BTreeMap<CloudName, Arc<Cloud>>,
    clock: &dyn Clock,
) -> Result<Roll, ReadFailure> {
    let reader_of = |cloud: &CloudName| Some(clouds.get(cloud)?.handles.reader.clone());
    let connected = sources::connect(source, &reader_of).map_err(|why| why.to_string())?;
    match tokio::time::timeout(source.timeout, connected.read(clock.now())).await {
        Ok(read) => read,
        Err(_) => Err(format!("was not read within {:?}", source.timeout).into()),
    }
}

/// What is on record of each source; nothing where there is no store.
pub async fn records(config: &Config) -> anyhow::Result<BTreeMap<SourceName, SourceRecord>> {
    if !config.daemon.store.exists() {
        return Ok(BTreeMap::new());
    }
    let store = assemble::open_store(&config.daemon)?;
    let records = store.source_records().await?.into_iter();
    Ok(records.map(|record| (record.source.clone(), record)).collect())
}
