//! Lists of people in a scene: sources as text, so that every scenario goes
//! through the real loader, and files that a test replaces as an export does.

use std::{collections::BTreeMap, fmt, fs, time::SystemTime};

use jiff::Timestamp;
use revokd::model::{CloudName, Target};

use super::{Scene, Stage, hours, list_server::ListServer, raising};

/// A `[source.NAME]` section.
#[derive(Clone)]
pub struct SourceText {
    pub(super) name: String,
    /// What of a user the list holds.
    pub(super) to: &'static str,
    /// Of a type that is no file, nothing.
    file: Option<String>,
    keys: Vec<(String, String)>,
}

/// Lists as the test declared and wrote them, for the oracle.
#[derive(Default)]
pub(super) struct Lists {
    /// By name.
    pub sources: BTreeMap<String, SourceText>,
    /// By policy.
    pub ways: BTreeMap<String, Vec<Way>>,
    /// In the order in which they were written.
    pub versions: Vec<Version>,
}

/// How a policy names a list.
#[derive(Clone)]
pub(super) struct Way {
    pub source: String,
    /// Who is missing from it goes.
    pub by_absence: bool,
}

pub(super) struct Version {
    pub source: String,
    /// `None`: from then on there is no list.
    pub text: Option<String>,
    /// How many requests were over in each cloud when it was written.
    pub requests_before: BTreeMap<CloudName, usize>,
}

impl SourceText {
    /// A file with a column `email`.
    pub fn csv(name: &str) -> SourceText {
        SourceText::of("csv", name, Some(format!("{name}.csv")))
            .key("match", "{ column = \"email\", to = \"user.email\" }")
    }

    /// A file with an array of objects with an `email` below `people`.
    pub fn json(name: &str) -> SourceText {
        SourceText::of("json", name, Some(format!("{name}.json")))
            .key("list", "\"$.people\"")
            .key("match", "{ path = \"$.email\", to = \"user.email\" }")
    }

    /// The same, behind a web server.
    pub fn http(name: &str, server: &ListServer) -> SourceText {
        SourceText::of("http", name, None)
            .key("url", &format!("\"{}/people\"", server.address))
            .key("list", "\"$.people\"")
            .key("match", "{ path = \"$.email\", to = \"user.email\" }")
    }

    pub fn scim(name: &str, server: &ListServer) -> SourceText {
        SourceText::of("scim", name, None)
            .key("url", &format!("\"{}\"", server.address))
            .key("match", "{ attribute = \"userName\", to = \"user.email\" }")
    }

    fn of(kind: &str, name: &str, file: Option<String>) -> SourceText {
        let source = SourceText {
            name: name.to_owned(),
            to: "user.email",
            file: file.clone(),
            keys: vec![],
        };
        let source = source.key("type", &format!("{kind:?}"));
        match file {
            Some(file) => source.key("path", &format!("{file:?}")),
            None => source,
        }
    }

    /// With a column `login`, which is the name of the user.
    pub fn by_login(mut self) -> SourceText {
        self.to = "user.name";
        self.key("match", "{ column = \"login\", to = \"user.name\" }")
    }

    /// Sets a key; `value` as TOML.
    pub fn key(mut self, key: &str, value: &str) -> SourceText {
        self.keys.retain(|(known, _)| known != key);
        self.keys.push((key.to_owned(), value.to_owned()));
        self
    }

    /// What `subject_not_in` demands.
    pub fn vouched(self) -> SourceText {
        self.key("min_entries", "3")
            .key("max_age", "\"26h\"")
            .key("max_shrink_percent", "30")
    }
}

impl fmt::Display for SourceText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "[source.{}]", self.name)?;
        for (key, value) in &self.keys {
            writeln!(f, "{key} = {value}")?;
        }
        Ok(())
    }
}

impl Scene {
    /// A user of the account with the address `NAME@example.org`.
    pub fn person(&mut self, name: &str) -> &mut Scene {
        self.person_at(name, &format!("{name}@example.org"))
    }

    pub fn person_at(&mut self, name: &str, address: &str) -> &mut Scene {
        let id = self.user(name);
        let user = self.world().user_mut(id.as_str());
        address.clone_into(&mut user.expect("the user is there").email);
        self
    }

    pub fn source(&mut self, source: &SourceText) -> &mut Scene {
        self.lists.sources.insert(source.name.clone(), source.clone());
        self.policies.push(source.to_string());
        self
    }
}

impl Stage {
    /// Puts a file in the place of the list, as old as an hour.
    pub fn write_list(&self, source: &str, text: impl AsRef<[u8]>) {
        self.write_list_of(source, text, self.now() - hours(1));
    }

    pub fn write_list_of(&self, source: &str, text: impl AsRef<[u8]>, modified: Timestamp) {
        let (new, place) = (self.path("new-list"), self.list_path(source));
        fs::write(&new, &text).expect("writing a list");
        let file = fs::File::options()
            .write(true)
            .open(&new)
            .expect("the list just written");
        file.set_modified(SystemTime::from(modified))
            .expect("setting back a list");
        self.list_is_now(source, Some(text.as_ref()));
        fs::rename(new, place).expect("putting a list in its place");
    }

    pub fn remove_list(&self, source: &str) {
        fs::remove_file(self.list_path(source)).expect("a list that is there");
        self.list_is_now(source, None);
    }

    /// What a server gives as the list from now on.
    pub fn serve_list(&self, server: &ListServer, source: &str, answers: Vec<Vec<u8>>) {
        self.list_is_now(source, Some(&answers.concat()));
        server.answer(answers);
    }

    /// Somebody else granted it, so that it may go once more.
    pub fn granted_by_hand(&self, permission: &Target) {
        let removable = (
            permission.kind,
            permission.resource.clone(),
            permission.subject.clone(),
        );
        let mut by_hand = self.by_hand.borrow_mut();
        by_hand.insert((permission.cloud.clone(), removable));
    }

    /// A file that the configuration names, which stands in no output.
    pub fn write_secret(&self, file: &str, secret: &str) {
        raising::write_secret(&self.path(file), secret);
        self.secrets.borrow_mut().push(secret.to_owned());
    }

    /// Tells the oracle of a version; on disk is whatever is there.
    pub fn list_is_now(&self, source: &str, text: Option<&[u8]>) {
        let finished = |cloud: &super::staged_cloud::StagedCloud| {
            (cloud.name.clone(), cloud.simulated.requests().all().len())
        };
        let version = Version {
            source: source.to_owned(),
            text: text.map(|text| String::from_utf8_lossy(text).to_lowercase()),
            requests_before: self.clouds.iter().map(finished).collect(),
        };
        self.lists.borrow_mut().versions.push(version);
    }

    fn list_path(&self, source: &str) -> std::path::PathBuf {
        let lists = self.lists.borrow();
        let file = lists.sources.get(source).and_then(|source| source.file.clone());
        let file = file.unwrap_or_else(|| panic!("the scene has no file for source {source}"));
        self.path("policies").join(file)
    }
}
