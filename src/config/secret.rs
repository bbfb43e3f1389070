//! Secrets: from a file or the environment, never from the configuration.

use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use secrecy::SecretString;

use super::{problem::Problem, reader::Table, value::Value};

/// What the configuration is read within.
pub struct Host<'a> {
    /// The directory that relative paths are relative to.
    pub base: &'a Path,
    pub environment: &'a dyn Fn(&str) -> Option<String>,
}

/// Bytes; a token with a large catalogue stays well below.
const LARGEST: u64 = 64 * 1024;

/// The three keys one secret can be tried under; the first is refused.
pub struct SecretKeys {
    pub literal: &'static str,
    pub file: &'static str,
    pub environment: &'static str,
}

pub const PASSWORD: SecretKeys = SecretKeys {
    literal: "password",
    file: "password_file",
    environment: "password_env",
};
pub const SECRET: SecretKeys = SecretKeys {
    literal: "secret",
    file: "secret_file",
    environment: "secret_env",
};
pub const TOKEN: SecretKeys = SecretKeys {
    literal: "token",
    file: "token_file",
    environment: "token_env",
};

/// The id of an access key; it is no secret, and may stand in the file.
pub const ACCESS_KEY: SecretKeys = SecretKeys {
    literal: "access_key",
    file: "access_key_file",
    environment: "access_key_env",
};
pub const SECRET_KEY: SecretKeys = SecretKeys {
    literal: "secret_key",
    file: "secret_key_file",
    environment: "secret_key_env",
};
pub const SECURITY_TOKEN: SecretKeys = SecretKeys {
    literal: "security_token",
    file: "security_token_file",
    environment: "security_token_env",
};

/// What a request to wake a policy shows.
pub const WAKE_TOKEN: SecretKeys = SecretKeys {
    literal: "wake_token",
    file: "wake_token_file",
    environment: "wake_token_env",
};

/// Reads a secret that a section names by file or by environment variable.
pub fn read(section: &mut Table<'_>, keys: &SecretKeys, host: &Host<'_>) -> Option<SecretString> {
    section.refuse(
        keys.literal,
        "a secret does not belong into this file",
        Some(&hint(keys)),
    );
    read_named(section, keys, host)
}

/// Reads a secret that need not be there: `None` inside where no key names it.
pub fn read_if_named(
    section: &mut Table<'_>,
    keys: &SecretKeys,
    host: &Host<'_>,
) -> Option<Option<SecretString>> {
    let is_named = [keys.literal, keys.file, keys.environment]
        .iter()
        .any(|key| section.has(key));
    if is_named {
        return read(section, keys, host).map(Some);
    }
    // Known from now on, so that a misspelt key is told what was meant.
    section.take(keys.file);
    section.take(keys.environment);
    Some(None)
}

/// Reads what one of the two keys names that lead elsewhere.
pub fn read_named(section: &mut Table<'_>, keys: &SecretKeys, host: &Host<'_>) -> Option<SecretString> {
    let SecretKeys {
        literal,
        file,
        environment,
    } = *keys;
    let from_file = section.take(file);
    let from_environment = section.take(environment);
    match (from_file, from_environment) {
        (Some(value), None) => from_path(&value, host),
        (None, Some(value)) => from_variable(&value, host),
        (Some(_), Some(second)) => {
            let message = format!("`{file}` and `{environment}` are both given");
            second.problem(message, "one too many", Some("keep one of them"));
            None
        }
        (None, None) => {
            if !section.has(literal) {
                let message = format!("{} lacks `{file}` or `{environment}`", section.title);
                section
                    .sink
                    .problem(section.span.clone(), message, "no secret", Some(&hint(keys)));
            }
            None
        }
    }
}

fn hint(keys: &SecretKeys) -> String {
    format!(
        "put it into a file and name that: {} = \"…\"; or {} = \"VARIABLE\"",
        keys.file, keys.environment
    )
}

fn from_variable(value: &Value<'_>, host: &Host<'_>) -> Option<SecretString> {
    let name = value.text()?;
    match (host.environment)(name.text) {
        Some(secret) if !secret.is_empty() => Some(SecretString::from(secret)),
        found => {
            let state = if found.is_some() { "empty" } else { "not set" };
            let message = format!("the environment variable `{}` is {state}", name.text);
            name.problem(message, state, Some("set it where the daemon is started"));
            None
        }
    }
}

fn from_path(value: &Value<'_>, host: &Host<'_>) -> Option<SecretString> {
    let name = value.text()?;
    let path = find(name.text, host);
    match read_file(&path) {
        Ok(secret) => {
            if others_may_read(&path) {
                let place = value.sink.file.place(value.span.clone());
                let message = format!("{} can be read by every user of this machine", path.display());
                let warning = Problem::at(place, message).label("readable by others");
                value
                    .sink
                    .warn(warning.hint(format!("chmod o-r {}", path.display())));
            }
            Some(secret)
        }
        Err(reason) => {
            let (message, hint) = match lacking_credential(name.text, host) {
                Some(told) => told,
                None => (
                    format!("{} {reason}", path.display()),
                    hint_of_path(name.text, &path, host),
                ),
            };
            name.problem(message, "not usable", Some(&hint));
            None
        }
    }
}

/// What is wrong, and what mends it, where the service was not given the
/// credential. It may not read the file behind it, so what reading that came to
/// says nothing.
fn lacking_credential(written: &str, host: &Host<'_>) -> Option<(String, String)> {
    let path = credential(written, host).filter(|path| !path.exists())?;
    let name = path.file_name()?.to_string_lossy().into_owned();
    let file = host.base.join(written);
    if File::open(&file).is_ok() {
        return None;
    }
    let message = format!(
        "the service has no credential `{name}`, and cannot read {} itself",
        file.display()
    );
    let hint = format!(
        "{} is missing, or came after the service started: systemd hands out credentials at the start alone, so see that the file is there, then: systemctl restart revokd",
        file.display()
    );
    Some((message, hint))
}

/// An encrypted credential has no file: who types a command finds nothing where
/// the service finds its secret.
fn hint_of_path(written: &str, path: &Path, host: &Host<'_>) -> String {
    const HINT: &str = "a path, relative to this file; or a systemd credential, where `secrets/NAME` is the credential `secrets_NAME`";
    let is_of_the_service = (host.environment)("CREDENTIALS_DIRECTORY").is_none()
        && !written.starts_with('/')
        && path
            .symlink_metadata()
            .is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
    if !is_of_the_service {
        return HINT.to_owned();
    }
    let credential = written.replace('/', "_");
    format!(
        "{HINT}. One that only the service has, such as an encrypted one, a command is handed by: systemd-run -P -p LoadCredentialEncrypted={credential}:FILE revokd check"
    )
}

/// A relative path is first looked for among the credentials that systemd
/// hands to the service. It loads a directory `secrets` as one credential for
/// each file, `secrets_NAME`: so one line serves the service, which cannot read
/// the file, and an administrator's command, which has no credentials.
fn find(name: &str, host: &Host<'_>) -> PathBuf {
    credential(name, host)
        .filter(|path| path.exists())
        .unwrap_or_else(|| host.base.join(name))
}

/// Where systemd puts it, if it does; `None` outside the service.
fn credential(name: &str, host: &Host<'_>) -> Option<PathBuf> {
    (host.environment)("CREDENTIALS_DIRECTORY")
        .filter(|_| !name.starts_with('/'))
        .map(|directory| Path::new(&directory).join(name.replace('/', "_")))
}

/// The file without one newline at its end. The error says why it is no
/// secret, and never what is in it.
fn read_file(path: &Path) -> Result<SecretString, String> {
    let metadata = path
        .metadata()
        .map_err(|error| format!("cannot be read: {error}"))?;
    if !metadata.is_file() {
        return Err("is not a file".to_owned());
    }
    let file = File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
    let mut text = String::new();
    let read = file.take(LARGEST + 1).read_to_string(&mut text);
    read.map_err(|error| format!("cannot be read: {error}"))?;
    if text.len() as u64 > LARGEST {
        return Err(format!("is larger than {} KiB", LARGEST / 1024));
    }
    let secret = text.strip_suffix('\n').unwrap_or(&text);
    let secret = secret.strip_suffix('\r').unwrap_or(secret);
    match secret.is_empty() {
        true => Err("is empty".to_owned()),
        false => Ok(SecretString::from(secret)),
    }
}

fn others_may_read(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|metadata| metadata.permissions().mode() & 0o004 != 0)
}
