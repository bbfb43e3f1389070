//! Which files revokd lives by, as far as can be told without a configuration
//! that loads.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use toml::{Table, Value};

use crate::config::files::Files;

/// Files and directories, none twice within a list.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Paths {
    /// The configuration, policies, and lists of people that are files.
    pub decisions: BTreeSet<PathBuf>,
    /// The directories of the policies.
    pub policies: BTreeSet<PathBuf>,
    /// The directories of everything else.
    pub directories: BTreeSet<PathBuf>,
    pub secrets: Vec<Secret>,
}

/// A secret in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// `password_file` and the like.
    pub key: String,
    /// What stands behind the key.
    pub written: String,
    pub path: PathBuf,
}

pub fn paths(config: &Path) -> Paths {
    let files = Files::read(config);
    let mut paths = Paths::default();
    paths.decisions.insert(config.to_owned());
    paths.directories.insert(folder(config));
    paths.policies.insert(PathBuf::from(&files.policies_from));
    let texts = files.config.iter().map(|file| (file, folder(config)));
    let policies = files.policies.iter().map(|file| {
        let path = Path::new(file.name());
        (file, folder(path))
    });
    for (file, base) in texts.chain(policies) {
        paths.decisions.insert(PathBuf::from(file.name()));
        // What cannot be read is told as a problem of the configuration.
        if let Ok(table) = file.text().parse::<Table>() {
            paths.take(&table, &base);
        }
    }
    paths
}

impl Paths {
    fn take(&mut self, table: &Table, base: &Path) {
        for (key, value) in table {
            if key == "source"
                && let Some(sources) = value.as_table()
            {
                self.take_lists(sources, base);
            }
        }
        secrets(table, &mut |key, written| {
            let path = base.join(written);
            self.directories.insert(folder(&path));
            let secret = Secret {
                key: key.to_owned(),
                written: written.to_owned(),
                path,
            };
            if !self.secrets.contains(&secret) {
                self.secrets.push(secret);
            }
        });
    }

    fn take_lists(&mut self, sources: &Table, base: &Path) {
        let lists = sources.values().filter_map(|source| source.get("path")?.as_str());
        for written in lists {
            let path = base.join(written);
            self.directories.insert(folder(&path));
            self.decisions.insert(path);
        }
    }
}

/// Every key that names a file with a secret, at any depth.
fn secrets(table: &Table, found: &mut dyn FnMut(&str, &str)) {
    for (key, value) in table {
        match value {
            Value::String(written) if key.ends_with("_file") && key != "ca_file" => found(key, written),
            Value::Table(inner) => secrets(inner, found),
            Value::Array(items) => {
                let tables = items.iter().filter_map(Value::as_table);
                tables.for_each(|inner| secrets(inner, found));
            }
            _ => {}
        }
    }
}

/// The directory of a file.
pub fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_lists_are_found_wherever_they_are_named() {
        let text = "[daemon]\nwake_token_file = \"wake\"\n[clouds.a]\nca_file = \"ca.pem\"\n\
                    [clouds.a.auth]\npassword_file = \"secrets/a\"\npassword_env = \"X\"\n\
                    [source.s]\ntype = \"csv\"\npath = \"lists/left.csv\"\n\
                    [source.t]\ntoken_file = \"/run/token\"\n";
        let mut paths = Paths::default();
        paths.take(&text.parse().unwrap(), Path::new("/etc/revokd"));
        let mut found: Vec<String> = paths
            .secrets
            .iter()
            .map(|secret| format!("{} {}", secret.key, secret.path.display()))
            .collect();
        found.sort();
        assert_eq!(
            found,
            [
                "password_file /etc/revokd/secrets/a",
                "token_file /run/token",
                "wake_token_file /etc/revokd/wake"
            ]
        );
        let lists: Vec<_> = paths
            .decisions
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        assert_eq!(lists, ["/etc/revokd/lists/left.csv"]);
        assert!(paths.directories.contains(Path::new("/etc/revokd/lists")));
    }

    #[test]
    fn a_bare_name_lies_in_the_directory_where_the_command_runs() {
        assert_eq!(folder(Path::new("revokd.toml")), PathBuf::from("."));
        assert_eq!(folder(Path::new("/a/b")), PathBuf::from("/a"));
    }
}
