//! Paths that were typed, as a configuration names them.

use std::path::{Component, Path, PathBuf};

use super::ask::Usage;

/// The directory that relative paths of a configuration are relative to.
pub fn folder_of(config: &Path) -> PathBuf {
    match config.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// A path that was typed, as the configuration in `folder` names it: relative
/// if it is below, since only then a service finds it among its credentials.
///
/// # Errors
/// The working directory is gone.
pub fn in_configuration(path: &Path, folder: &Path) -> anyhow::Result<String> {
    let absolute = plain(&std::path::absolute(path)?);
    let folder = plain(&std::path::absolute(folder)?);
    let named = absolute.strip_prefix(&folder).unwrap_or(&absolute);
    match named.to_str() {
        Some(named) => Ok(named.to_owned()),
        None => Err(Usage(format!(
            "{} is not UTF-8, and cannot be written down",
            named.display()
        ))
        .into()),
    }
}

/// Without steps up, as far as they can be taken without a look at the disk.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_below_the_configuration_is_named_relative_to_it() {
        let named = |path: &str| in_configuration(Path::new(path), Path::new("/etc/revokd")).unwrap();
        assert_eq!(
            named("/etc/revokd/secrets/prod-password"),
            "secrets/prod-password"
        );
        assert_eq!(named("/etc/revokd/./secrets/../secrets/a"), "secrets/a");
        assert_eq!(named("/etc/ssl/ca.pem"), "/etc/ssl/ca.pem");
        assert_eq!(named("/etc/revokd-other/a"), "/etc/revokd-other/a");
    }
}
