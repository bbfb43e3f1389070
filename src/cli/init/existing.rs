//! A configuration that is there already: read, understood just enough to add
//! a section, and never changed in what it says.

use std::{
    fs::{self, Metadata},
    io,
    path::{Path, PathBuf},
};

use toml::de::{DeTable, DeValue};

use super::document::POLICIES;
use crate::config::{
    files::read_source,
    problem::{Problem, Problems},
    source::SourceFile,
};

pub struct Existing {
    /// Where the file really is, behind symbolic links.
    pub path: PathBuf,
    pub metadata: Metadata,
    source: SourceFile,
}

impl Existing {
    /// `None` if there is no such file.
    ///
    /// # Errors
    /// It cannot be read, or is no TOML.
    pub fn read(config: &Path) -> Result<Option<Existing>, Problems> {
        let unreadable = |error: io::Error| {
            let message = format!("cannot be read: {error}");
            Problems::from(Problem::of_file(config.display().to_string(), message))
        };
        match fs::symlink_metadata(config) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(error)),
            Ok(_) => {}
        }
        let path = config.canonicalize().map_err(unreadable)?;
        let metadata = path.metadata().map_err(unreadable)?;
        let source = read_source(config).map_err(|problem| Problems::from(*problem))?;
        let existing = Existing {
            path,
            metadata,
            source,
        };
        existing.parsed(|_| ())?;
        Ok(Some(existing))
    }

    pub fn text(&self) -> &str {
        self.source.text()
    }

    /// # Errors
    /// There is a cloud of that name.
    pub fn refuse_cloud(&self, name: &str) -> Result<(), Problems> {
        let span = self.parsed(|root| {
            let DeValue::Table(clouds) = root.get("clouds")?.get_ref() else {
                return None;
            };
            clouds.get_key_value(name).map(|(key, _)| key.span())
        })?;
        match span {
            None => Ok(()),
            Some(span) => {
                let message = format!("there is a cloud `{name}` already");
                let hint = "choose another name, or change this section by hand";
                let problem = Problem::at(self.source.place(span), message);
                Err(problem.label("it begins here").hint(hint).into())
            }
        }
    }

    /// The directory of its policies, as it names it.
    pub fn policies(&self) -> String {
        let named = self.parsed(|root| {
            let DeValue::Table(daemon) = root.get("daemon")?.get_ref() else {
                return None;
            };
            daemon.get("policies")?.get_ref().as_str().map(str::to_owned)
        });
        named.ok().flatten().unwrap_or_else(|| POLICIES.to_owned())
    }

    /// What is there, byte for byte, and the section behind it.
    ///
    /// # Errors
    /// The whole is no TOML, as where `clouds` is closed by braces.
    pub fn with(&self, section: &str) -> Result<String, Problems> {
        let before = self.text();
        let end = match before.is_empty() || before.ends_with('\n') {
            true => "",
            false => "\n",
        };
        let whole = format!("{before}{end}\n{section}");
        match DeTable::parse(&whole) {
            Ok(_) => Ok(whole),
            Err(error) => {
                let message = format!("no section can be added below: {}", error.message().trim());
                let hint = "write each cloud as a section of its own: [clouds.NAME]";
                let problem = Problem::of_file(self.source.name(), message);
                Err(problem.hint(hint).into())
            }
        }
    }

    fn parsed<T>(&self, read: impl FnOnce(&DeTable<'_>) -> T) -> Result<T, Problems> {
        match DeTable::parse(self.source.text()) {
            Ok(root) => Ok(read(root.get_ref())),
            Err(error) => {
                let place = self.source.place(error.span().unwrap_or(0..0));
                let message = error.message().trim().replace('\n', ", ");
                Err(Problem::at(place, message).hint("this is not TOML").into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn existing(text: &str) -> (tempfile::TempDir, Result<Option<Existing>, Problems>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("revokd.toml");
        fs::write(&path, text).unwrap();
        let read = Existing::read(&path);
        (folder, read)
    }

    #[test]
    fn a_file_that_is_not_there_is_no_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Existing::read(&folder.path().join("no.toml")).unwrap().is_none());
    }

    #[test]
    fn a_link_to_nowhere_is_not_taken_for_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("revokd.toml");
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        assert!(Existing::read(&link).is_err());
    }

    #[test]
    fn what_is_no_toml_is_refused_with_its_line() {
        let (_folder, read) = existing("[daemon]\nstore = \n");
        let problems = read.err().unwrap().to_string();
        assert!(problems.contains("revokd.toml:2:"), "{problems}");
    }

    #[test]
    fn a_second_cloud_of_one_name_is_refused_with_the_line_of_the_first() {
        let (_folder, read) = existing("[daemon]\n\n[clouds.prod]\nprovider = \"openstack\"\n");
        let existing = read.unwrap().unwrap();
        let problems = existing.refuse_cloud("prod").unwrap_err().to_string();
        assert!(
            problems.contains("revokd.toml:3:9: there is a cloud `prod` already"),
            "{problems}"
        );
        assert!(existing.refuse_cloud("other").is_ok());
    }

    #[test]
    fn what_was_there_stays_byte_for_byte() {
        let text = "[daemon] # mine\r\npolicies = 'rules'";
        let (_folder, read) = existing(text);
        let existing = read.unwrap().unwrap();
        let whole = existing.with("[clouds.a]\n").unwrap();
        assert_eq!(whole, format!("{text}\n\n[clouds.a]\n"));
        assert_eq!(existing.policies(), "rules");
    }

    #[test]
    fn clouds_in_braces_take_no_section() {
        let (_folder, read) = existing("clouds = { a = { provider = 'openstack' } }\n");
        let existing = read.unwrap().unwrap();
        let problems = existing.with("[clouds.b]\n").unwrap_err().to_string();
        assert!(problems.contains("no section can be added below"), "{problems}");
    }
}
