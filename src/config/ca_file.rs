//! `ca_file`: authorities of one's own, looked at when the file is read.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use super::{secret::Host, value::Value};

/// Bytes; the bundle of all public authorities is a quarter of it.
const LARGEST_CA_FILE: u64 = 1 << 20;

/// A file of certificates that is there; `None` after its problem was told.
pub fn read(value: &Value<'_>, host: &Host<'_>) -> Option<PathBuf> {
    let text = value.text()?;
    let path = host.base.join(text.text);
    match certificates(&path) {
        Ok(()) => Some(path),
        Err(reason) => {
            let message = format!("{} {reason}", path.display());
            text.problem(
                message,
                "not usable",
                Some("a PEM file; relative paths are relative to this file"),
            );
            None
        }
    }
}

/// Whether a file holds certificates, as far as can be told at a glance.
fn certificates(path: &Path) -> Result<(), String> {
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
    if !path.metadata().map_err(unreadable)?.is_file() {
        return Err("is not a file".to_owned());
    }
    let mut text = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(LARGEST_CA_FILE)
        .read_to_end(&mut text)
        .map_err(unreadable)?;
    let mark = b"-----BEGIN CERTIFICATE-----";
    match text.windows(mark.len()).any(|window| window == mark) {
        true => Ok(()),
        false => Err("holds no certificate".to_owned()),
    }
}
