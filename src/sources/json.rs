//! A JSON file.

use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::Timestamp;

use super::{
    ReadFailure, Source,
    document::read_document,
    file::{SETTLED_AFTER, WatchedFile},
};
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
            file: WatchedFile::new(json.path, source.timeout, SETTLED_AFTER),
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

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, File},
        path::Path,
        time::{Duration, SystemTime},
    };

    use super::*;
    use crate::{
        config::people::{Fields, List},
        engine::people::Demands,
        sources::connect,
    };

    fn source(path: &Path, made: Option<&str>) -> Arc<dyn Source> {
        let document = Document {
            list: "$.people".parse().unwrap(),
            made: made.map(|path| path.parse().unwrap()),
            fields: Fields {
                key: "$.email".parse().unwrap(),
                gone: None,
                leaves: None,
                returns: None,
                projects: None,
                accounts: None,
            },
        };
        let path = path.to_owned();
        let source = people::Source {
            name: SourceName::from("leavers"),
            list: List::Json(Json { path, document }),
            to: UserKey::Email,
            demands: Demands::default(),
            timeout: Duration::from_secs(60),
            digest: String::new(),
        };
        connect(&source, &|_| None).unwrap()
    }

    #[tokio::test]
    async fn a_file_gives_the_whole_roll_and_its_age() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("leavers.json");
        fs::write(
            &path,
            r#"{"made":"2026-03-30T00:00:00Z","people":[{"email":"ada"}]}"#,
        )
        .unwrap();
        let modified: Timestamp = "2026-03-31T12:00:00Z".parse().unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        file.set_modified(SystemTime::from(modified)).unwrap();
        let now: Timestamp = "2026-03-31T18:00:00Z".parse().unwrap();

        let roll = source(&path, None).read(now).await.unwrap();
        assert_eq!((roll.as_of, roll.read_at), (modified, now));
        assert_eq!((roll.source.as_str(), &roll.to), ("leavers", &UserKey::Email));
        assert_eq!(roll.entries.len(), 1);
        assert_eq!(roll.version.len(), 16);

        let dated = source(&path, Some("$.made")).read(now).await.unwrap();
        assert_eq!(dated.as_of, "2026-03-30T00:00:00Z".parse().unwrap());
        assert_eq!(dated.version, roll.version);

        let failure = source(&path, Some("$.entries")).read(now).await.unwrap_err();
        assert!(
            failure.to_string().starts_with(&path.display().to_string()),
            "{failure}"
        );
        assert!(source(&path, None).glance().is_some());
    }
}
