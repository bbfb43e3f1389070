//! A JSON file.

use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::Timestamp;

use super::{ReadFailure, Source, document::read_document, file::WatchedFile};
use crate::{
    config::people::{self, Document, Json},
    model::{Roll, SourceName, UserKey},
};

pub struct JsonFile {
    name: SourceName,
    to: UserKey,
    file: WatchedFile,
    document: Arc<Document>,
}

impl JsonFile {
    pub fn new(source: &people::Source, json: Json) -> JsonFile {
        JsonFile {
            name: source.name.clone(),
            to: source.to.clone(),
            file: WatchedFile::new(json.path, source.timeout),
            document: Arc::new(json.document),
        }
    }
}

impl Source for JsonFile {
    fn read(&self, now: Timestamp) -> BoxFuture<'_, Result<Roll, ReadFailure>> {
        let (source, to) = (self.name.clone(), self.to.clone());
        let document = Arc::clone(&self.document);
        Box::pin(self.file.read(now, move |contents| {
            let parsed = read_document(&contents.bytes, &document)?;
            Ok(Roll {
                source,
                version: contents.version(),
                read_at: now,
                as_of: parsed.made.unwrap_or(contents.modified),
                to,
                entries: parsed.entries,
                deleted_on: None,
            })
        }))
    }

    fn glance(&self) -> Option<String> {
        Some(self.file.glance())
    }
}
