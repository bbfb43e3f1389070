//! The files a configuration is made of, read with limits.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use toml::de::{DeTable, DeValue};

use super::{
    problem::{Place, Problem, Problems},
    source::SourceFile,
};

/// Bytes of one file.
const LARGEST: u64 = 1 << 20;
const MOST_POLICY_FILES: usize = 1000;

/// A configuration's texts, from a disk or from elsewhere.
pub struct Files {
    /// `None` if it could not be read.
    pub config: Option<SourceFile>,
    /// In the order of their names.
    pub policies: Vec<SourceFile>,
    /// Where the policies are, in words for people.
    pub policies_from: String,
    /// The directory that relative paths are relative to.
    pub base: PathBuf,
    /// What went wrong while reading.
    pub problems: Problems,
}

impl Files {
    /// Texts that are already here: the daemon's file, and policy files.
    pub fn of_texts(base: &Path, config: SourceFile, policies: Vec<SourceFile>) -> Files {
        Files {
            config: Some(config),
            policies,
            policies_from: "the policy files".to_owned(),
            base: base.to_owned(),
            problems: Problems::default(),
        }
    }

    /// Reads `revokd.toml` and the directory of policies it names.
    pub fn read(path: &Path) -> Files {
        let base = path.parent().unwrap_or(Path::new("")).to_owned();
        let mut problems = Problems::default();
        let config = match read_source(path) {
            Ok(file) => Some(file),
            Err(problem) => {
                problems.push(*problem);
                None
            }
        };
        let named = config.as_ref().and_then(policies_key);
        let directory = base.join(named.as_ref().map_or("policies", |(name, _)| name));
        let mut policies = Vec::new();
        match list(&directory) {
            Ok(paths) => {
                for path in paths {
                    match read_source(&path) {
                        Ok(file) => policies.push(file),
                        Err(problem) => problems.push(*problem),
                    }
                }
            }
            // Where the daemon's file is missing too, that is the news.
            Err(_) if config.is_none() => {}
            Err(reason) => problems.push(match named {
                Some((_, place)) => Problem::at(place, format!("{} {reason}", directory.display())),
                None => Problem::of_file(directory.display().to_string(), reason),
            }),
        }
        Files {
            config,
            policies,
            policies_from: directory.display().to_string(),
            base,
            problems,
        }
    }
}

/// One file, bounded.
pub fn read_source(path: &Path) -> Result<SourceFile, Box<Problem>> {
    let name = path.display().to_string();
    match read_text(path) {
        Ok(text) => Ok(SourceFile::new(name, text)),
        Err(reason) => Err(Box::new(Problem::of_file(name, reason))),
    }
}

/// `daemon.policies`, before anything else of the file is understood.
fn policies_key(config: &SourceFile) -> Option<(String, Place)> {
    let (tree, _) = DeTable::parse_recoverable(config.text());
    let DeValue::Table(daemon) = tree.get_ref().get("daemon")?.get_ref() else {
        return None;
    };
    let value = daemon.get("policies")?;
    match value.get_ref() {
        DeValue::String(name) => Some((name.to_string(), config.place(value.span()))),
        _ => None,
    }
}

/// By its name: `*.toml`, without hidden ones.
pub fn is_policy_file(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let is_hidden = name.is_empty() || name.starts_with(['.', '#']);
    !is_hidden && path.extension().is_some_and(|extension| extension == "toml")
}

/// The policy files of a directory.
fn list(directory: &Path) -> Result<Vec<PathBuf>, String> {
    let metadata = directory.metadata().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => "does not exist; it is where the policies should be".to_owned(),
        _ => format!("cannot be read: {error}"),
    })?;
    if !metadata.is_dir() {
        return Err("is not a directory; it is where the policies should be".to_owned());
    }
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(|error| format!("cannot be read: {error}"))? {
        let path = entry.map_err(|error| format!("cannot be read: {error}"))?.path();
        if is_policy_file(&path) {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        return Err("is an empty folder: it holds no *.toml file".to_owned());
    }
    if paths.len() > MOST_POLICY_FILES {
        return Err(format!("holds more than {MOST_POLICY_FILES} policy files"));
    }
    paths.sort();
    Ok(paths)
}

fn read_text(path: &Path) -> Result<String, String> {
    let metadata = path.metadata().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        _ => format!("cannot be read: {error}"),
    })?;
    if metadata.is_dir() {
        return Err("is a directory, not a file".to_owned());
    }
    if !metadata.is_file() {
        return Err("is not a regular file".to_owned());
    }
    let too_large = || format!("is larger than {} MiB", LARGEST >> 20);
    if metadata.len() > LARGEST {
        return Err(too_large());
    }
    let file = File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > LARGEST {
        return Err(too_large());
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..good]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            + 1;
        format!("is not UTF-8: the byte at position {good}, in line {line}, begins no character")
    })
}
