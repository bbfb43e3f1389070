//! The secret of the account: typed, handed over, or in a file already. It is
//! kept in memory until the login was tried.

use std::{
    io::{self, IsTerminal, Read},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use secrecy::{ExposeSecret, SecretString};

use super::{
    answers::{Answers, SecretPlace},
    ask::{Ask, Usage},
    flags::Flags,
    paths::in_configuration,
};

/// The directory of secrets, beside the configuration. The service is handed
/// what is in it as credentials.
pub const FOLDER: &str = "secrets";

/// Bytes; the configuration takes no longer one from a file.
const LARGEST: u64 = 64 * 1024;

pub enum Secret {
    /// It stands with the rest of the account in a clouds.yaml.
    Elsewhere,
    /// In a file that is there already, as the configuration names it.
    Named(String),
    /// To be written to a file, which the configuration names like this.
    Kept {
        name: String,
        path: PathBuf,
        secret: SecretString,
    },
}

impl Secret {
    /// # Errors
    /// [`Usage`] where its file is there already, or nobody can be asked.
    pub fn get(flags: &Flags, answers: &Answers, folder: &Path, ask: &mut dyn Ask) -> anyhow::Result<Secret> {
        let Some(words) = answers.account.secret() else {
            return Ok(Secret::Elsewhere);
        };
        if let Some(path) = &flags.secret_file {
            return in_configuration(path, folder).map(Secret::Named);
        }
        let name = format!("{FOLDER}/{}-{}", answers.name, words.file);
        let path = folder.join(&name);
        if path.symlink_metadata().is_ok() {
            let shown = path.display();
            let message = format!(
                "{shown} is there already; take what is in it with --secret-file {shown}, or remove it"
            );
            return Err(Usage(message).into());
        }
        let secret = match flags.secret_stdin && !io::stdin().is_terminal() {
            true => read(&mut io::stdin().lock())?,
            false => {
                let text = format!("The {}", words.what);
                ask.secret("--secret-stdin or --secret-file", &text)?
            }
        };
        Ok(Secret::Kept { name, path, secret })
    }

    /// Where the written section says that it is.
    pub fn place(&self) -> Option<SecretPlace> {
        match self {
            Secret::Elsewhere => None,
            Secret::Named(name) | Secret::Kept { name, .. } => Some(SecretPlace::File(name.clone())),
        }
    }

    /// Where it is before anything is written.
    pub fn place_in_memory(&self, variable: &str) -> Option<SecretPlace> {
        match self {
            Secret::Kept { .. } => Some(SecretPlace::Environment(variable.to_owned())),
            Secret::Elsewhere | Secret::Named(_) => self.place(),
        }
    }

    pub fn in_memory(&self) -> Option<&SecretString> {
        match self {
            Secret::Kept { secret, .. } => Some(secret),
            Secret::Elsewhere | Secret::Named(_) => None,
        }
    }

    /// Why a service may not be able to read it, and what to do; `None` where
    /// it is handed it as a credential.
    pub fn unreadable(&self) -> Option<String> {
        match self {
            Secret::Kept { .. } => None,
            Secret::Elsewhere => Some(
                "the service runs as a user of its own, which has to be able to read that clouds.yaml"
                    .to_owned(),
            ),
            Secret::Named(name) if is_credential(name) => None,
            Secret::Named(name) => Some(format!(
                "warning: {name} is not below {FOLDER}/: the service cannot read it unless every user can; \
                 give it by --secret-stdin, which puts it below {FOLDER}/"
            )),
        }
    }
}

/// Only what lies right below the folder is loaded.
fn is_credential(name: &str) -> bool {
    let below = name.strip_prefix(FOLDER).and_then(|rest| rest.strip_prefix('/'));
    below.is_some_and(|file| !file.contains('/'))
}

/// The whole input without one newline at its end, as a file of it is read.
fn read(input: &mut dyn Read) -> anyhow::Result<SecretString> {
    let mut text = String::new();
    let read = input.take(LARGEST + 1).read_to_string(&mut text);
    read.context("reading the secret from standard input")?;
    let secret = text.strip_suffix('\n').unwrap_or(&text);
    let secret = SecretString::from(secret.strip_suffix('\r').unwrap_or(secret));
    match secret.expose_secret().len() as u64 {
        0 => Err(Usage("there is no secret on standard input".to_owned()).into()),
        length if length > LARGEST => {
            let message = format!(
                "the secret on standard input is larger than {} KiB",
                LARGEST / 1024
            );
            Err(Usage(message).into())
        }
        _ => Ok(secret),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_newline_at_the_end_is_no_part_of_a_secret() {
        let secret = |text: &str| read(&mut text.as_bytes()).map(|secret| secret.expose_secret().to_owned());
        assert_eq!(secret("p w\n").unwrap(), "p w");
        assert_eq!(secret("pw\r\n").unwrap(), "pw");
        assert_eq!(secret(" pw ").unwrap(), " pw ");
        assert!(secret("\n").is_err());
    }

    #[test]
    fn what_is_no_text_is_refused_without_showing_it() {
        let error = read(&mut &b"pass\xff\xfeword"[..]).err().unwrap();
        assert!(!format!("{error:#}").contains("pass"), "{error:#}");
        let long = "x".repeat(70 * 1024);
        assert!(read(&mut long.as_bytes()).is_err());
    }

    #[test]
    fn only_what_lies_right_below_the_folder_of_secrets_is_a_credential() {
        let named = |name: &str| Secret::Named(name.to_owned()).unreadable().is_none();
        assert!(named("secrets/prod-password"));
        assert!(!named("/etc/revokd/secrets/prod-password") && !named("password"));
        assert!(!named("secrets/deep/password") && !named("secretsx/password"));
        let told = Secret::Named("/root/password".to_owned()).unreadable();
        assert!(told.is_some_and(|told| told.contains("give it by --secret-stdin")));
    }
}
