//! What is to be written, made whole before a byte of it is: so that it can be
//! compiled, tried and shown first.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use jiff::Timestamp;
use secrecy::ExposeSecret;

use super::{
    answers::Answers,
    document,
    existing::Existing,
    paths::folder_of,
    secret::{FOLDER, Secret},
    section,
    whole::{Neighbours, Whole},
    write,
};
use crate::{
    cli::output::print_line,
    config::{self, Loaded, Problems, files::Files, source::SourceFile},
    model::CloudName,
};

/// Where a package puts the schemas, for editors.
const SCHEMAS: &str = "/usr/share/revokd/schema";

/// Stands for the secret's file while the secret is in memory alone.
const IN_MEMORY: &str = "REVOKD_SECRET_IN_MEMORY";

/// Readable by all: there is no secret in it.
const PUBLIC: u32 = 0o644;
const PRIVATE: u32 = 0o600;

pub struct Proposal<'a> {
    config: &'a Path,
    /// The directory of the configuration.
    folder: PathBuf,
    existing: Option<Existing>,
    /// `[daemon]`, where there is no configuration yet.
    daemon: Option<String>,
    section: String,
    /// The same before its secret is in a file.
    section_in_memory: String,
    policy_path: PathBuf,
    /// `None` if there is a file of that name, which stays as it is.
    policy: Option<String>,
    secret: Secret,
}

impl<'a> Proposal<'a> {
    pub fn new(
        config: &'a Path,
        existing: Option<Existing>,
        answers: &Answers,
        secret: Secret,
    ) -> Proposal<'a> {
        let folder = folder_of(config);
        let policies = existing
            .as_ref()
            .map_or_else(|| document::POLICIES.to_owned(), Existing::policies);
        let file = format!("{}.toml", document::policy_name(&answers.name));
        let policy_path = folder.join(policies).join(file);
        let is_new = policy_path.symlink_metadata().is_err();
        let schema = schema("policies");
        let policy = is_new.then(|| document::policy(&answers.name, schema.as_deref()));
        let daemon = existing.is_none().then(|| {
            let absolute = std::path::absolute(&folder).unwrap_or_else(|_| folder.clone());
            document::daemon(&absolute.display().to_string(), schema_of_config().as_deref())
        });
        Proposal {
            config,
            existing,
            daemon,
            section: section::text(answers, secret.place().as_ref()),
            section_in_memory: section::text(answers, secret.place_in_memory(IN_MEMORY).as_ref()),
            policy_path,
            policy,
            secret,
            folder,
        }
    }

    /// The new section compiled, alone but for its policy, as if it were
    /// written: problems of other sections do not keep its login from being
    /// tried.
    ///
    /// # Errors
    /// What would be wrong with it, or with the file that it is to stand in.
    pub fn compile(&self, policy_for: &str, now: Timestamp) -> Result<Loaded, Problems> {
        if let Some(existing) = &self.existing {
            existing.with(&self.section)?;
        }
        let daemon = self.daemon.as_deref().unwrap_or_default();
        let text = format!("{daemon}\n{}", self.section_in_memory);
        let name = format!("{} (not written yet)", self.config.display());
        let policy = SourceFile::new(
            self.policy_path.display().to_string(),
            document::policy(policy_for, None),
        );
        let files = Files::of_texts(&self.folder, SourceFile::new(name, text), vec![policy]);
        config::compile(files, now, &|name| self.variable(name))
    }

    /// Which policies will work on the new cloud, those that are there already
    /// among them.
    ///
    /// # Errors
    /// What would be wrong with the whole, and is not now.
    pub fn neighbours(&self, cloud: &CloudName, now: Timestamp) -> Result<Neighbours, Problems> {
        let daemon = self.daemon.as_deref().unwrap_or_default();
        let (before, after) = match &self.existing {
            Some(existing) => (
                existing.text().to_owned(),
                existing.with(&self.section_in_memory)?,
            ),
            None => (daemon.to_owned(), format!("{daemon}\n{}", self.section_in_memory)),
        };
        let policy = |text: &String| SourceFile::new(self.policy_path.display().to_string(), text.clone());
        let whole = Whole {
            config: self.config,
            before,
            after,
            policies: &folder_of(&self.policy_path),
            policy: self.policy.as_ref().map(policy),
        };
        whole.neighbours(cloud, now, &|name| self.variable(name))
    }

    /// The environment, and in it the secret that no file holds yet.
    fn variable(&self, name: &str) -> Option<String> {
        match self.secret.in_memory() {
            Some(secret) if name == IN_MEMORY => Some(secret.expose_secret().to_owned()),
            _ => std::env::var(name).ok(),
        }
    }

    /// For people, with no secret.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn show(&self) -> anyhow::Result<()> {
        let title = match self.existing {
            Some(_) => format!("# behind what is in {}:", self.config.display()),
            None => format!("# {}:", self.config.display()),
        };
        print_line(&title)?;
        print_line(&format!(
            "{}\n{}",
            self.daemon.as_deref().unwrap_or_default(),
            self.section
        ))?;
        if let Some(policy) = &self.policy {
            print_line(&format!("# {}:\n{policy}", self.policy_path.display()))?;
        }
        if let Secret::Kept { path, .. } = &self.secret {
            print_line(&format!("# {}: the secret, for its owner alone", path.display()))?;
        }
        Ok(())
    }

    /// One line for each file that is written.
    pub fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        if let Secret::Kept { path, .. } = &self.secret {
            files.push(format!("{} (the secret, for its owner alone)", path.display()));
        }
        files.push(match self.existing {
            Some(_) => format!("{} (a section behind what is there)", self.config.display()),
            None => format!("{} (new)", self.config.display()),
        });
        let policy = self.policy_path.display();
        files.push(match self.policy {
            Some(_) => format!("{policy} (a policy that only looks)"),
            None => format!("{policy} is there already, and stays as it is"),
        });
        files
    }

    /// Whether the service is handed the secret as a credential.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// The secret first, then what names it, then what relies on both.
    ///
    /// # Errors
    /// The step that failed, with what was written before it.
    pub fn write(&self) -> anyhow::Result<()> {
        let mut written = Vec::new();
        self.write_all(&mut written)
            .with_context(|| match written.as_slice() {
                [] => "nothing was written".to_owned(),
                files => format!(
                    "only a part was written: {}; remove that, mend what follows and try again",
                    files.join(", ")
                ),
            })
    }

    fn write_all(&self, written: &mut Vec<String>) -> anyhow::Result<()> {
        write::directory(&self.folder, 0o755)?;
        write::directory(&self.folder.join(FOLDER), 0o700)?;
        if let Secret::Kept { path, secret, .. } = &self.secret {
            // One newline at the end is no part of a secret that is read.
            let text = secrecy::SecretString::from(format!("{}\n", secret.expose_secret()));
            write::new_file(path, text.expose_secret(), PRIVATE)?;
            written.push(path.display().to_string());
        }
        match &self.existing {
            Some(existing) => {
                write::replace(existing, &existing.with(&self.section)?)?;
                written.push(format!("the section at the end of {}", self.config.display()));
            }
            None => {
                let text = format!("{}\n{}", self.daemon.as_deref().unwrap_or_default(), self.section);
                write::new_file(self.config, &text, PUBLIC)?;
                written.push(self.config.display().to_string());
            }
        }
        if let Some(policies) = self.policy_path.parent() {
            write::directory(policies, 0o755)?;
        }
        match &self.policy {
            Some(policy) => write::new_file(&self.policy_path, policy, PUBLIC),
            None => Ok(()),
        }
    }
}

fn schema_of_config() -> Option<String> {
    schema("revokd")
}

/// Only where there is one: an editor would complain of a line that leads nowhere.
fn schema(of: &str) -> Option<String> {
    let path = Path::new(SCHEMAS).join(format!("{of}.schema.json"));
    path.exists().then(|| path.display().to_string())
}
