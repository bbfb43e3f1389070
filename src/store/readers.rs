//! Readers: a few connections of their own, so that a long listing holds up
//! neither the writer nor the async runtime.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::{sync::Semaphore, task};

use super::{error::StoreError, open, place::Place};

/// Reads that may go on at once; the next one waits.
const READERS: usize = 4;

pub(super) struct Readers {
    place: Arc<Place>,
    permits: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Readers {
    pub fn new(place: Arc<Place>) -> Readers {
        Readers {
            place,
            permits: Arc::new(Semaphore::new(READERS)),
            idle: Arc::default(),
        }
    }

    /// Reads in one transaction: all statements of `work` see the same moment.
    pub async fn read<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let permit = self
            .permits
            .clone()
            .acquire_owned()
            .await
            .map_err(|_| StoreError::Closed)?;
        let idle = self.idle.clone();
        let place = self.place.clone();
        let reading = task::spawn_blocking(move || {
            // The permit ends with the read, also when the caller has stopped waiting.
            let _permit = permit;
            let kept = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = match kept {
                Some(connection) => connection,
                // What lies there by now may be another store.
                None if place.is_lost() => {
                    return Err(StoreError::Gone {
                        path: place.path().into(),
                    });
                }
                None => open::open_for_reading(place.path())?,
            };
            let transaction = connection.unchecked_transaction()?;
            let found = work(&transaction)?;
            drop(transaction);
            idle.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(connection);
            Ok(found)
        });
        reading.await.map_err(|_| StoreError::Closed)?
    }
}
