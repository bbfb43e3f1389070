//! The few lines of the unit that say as whom the service runs, what it reads
//! and which secrets it is handed.
//!
//! They are read from the files because `systemctl show` of systemd 252 prints
//! `[unprintable]` for every property of credentials, and where no systemd runs
//! it tells nothing.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use super::super::files::Lies;

pub struct Unit {
    pub config: PathBuf,
    dynamic_user: bool,
    user: Option<String>,
    /// The ids of credentials.
    credentials: Vec<String>,
    /// Below `/var/lib`; systemd makes them when the service starts.
    state_directories: Vec<String>,
}

/// As whom the service runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Runs {
    Root,
    /// As a user that exists only while it runs: nobody's, to all files.
    Nobody,
    User {
        name: String,
        uid: u32,
        gid: u32,
    },
}

impl Unit {
    /// Later lines take the place of earlier ones, as in drop-ins.
    pub fn parse(text: &str) -> Unit {
        let mut unit = Unit {
            config: PathBuf::from("/etc/revokd/revokd.toml"),
            dynamic_user: false,
            user: None,
            credentials: Vec::new(),
            state_directories: Vec::new(),
        };
        for line in text.lines() {
            let Some((key, value)) = line.trim().split_once('=') else {
                continue;
            };
            let value = value.trim();
            match key.trim() {
                "DynamicUser" => unit.dynamic_user = matches!(value, "yes" | "true" | "on" | "1"),
                "User" => unit.user = Some(value.to_owned()).filter(|user| !user.is_empty()),
                "Environment" => {
                    let value = value.trim_matches('"');
                    if let Some(path) = value.strip_prefix("REVOKD_CONFIG=") {
                        unit.config = PathBuf::from(path);
                    }
                }
                "StateDirectory" if value.is_empty() => unit.state_directories.clear(),
                "StateDirectory" => {
                    let named = value.split_whitespace().map(str::to_owned);
                    unit.state_directories.extend(named);
                }
                "LoadCredential" | "LoadCredentialEncrypted" | "SetCredential" | "SetCredentialEncrypted" => {
                    match value.split(':').next().unwrap_or_default() {
                        "" => unit.credentials.clear(),
                        id => unit.credentials.push(id.to_owned()),
                    }
                }
                _ => {}
            }
        }
        unit
    }

    /// Whether the first start makes that directory, and none before it.
    pub fn makes(&self, directory: &Path) -> bool {
        let mut made = self.state_directories.iter();
        made.any(|name| Path::new("/var/lib").join(name) == directory)
    }

    /// Whether a secret written like this is among the credentials. A directory
    /// `ID` is loaded as one credential `ID_FILE` for each file.
    pub fn hands_over(&self, written: &str) -> bool {
        if Path::new(written).is_absolute() {
            return false;
        }
        let wanted = written.replace('/', "_");
        self.credentials.iter().any(|id| {
            let rest = wanted.strip_prefix(id.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
        })
    }

    /// `accounts` is the text of `/etc/passwd`.
    pub fn runs_as(&self, accounts: &str) -> Runs {
        if self.dynamic_user {
            return Runs::Nobody;
        }
        let Some(name) = self.user.as_deref().filter(|name| *name != "root") else {
            return Runs::Root;
        };
        let row = accounts.lines().find_map(|line| {
            let mut fields = line.split(':');
            let is_user = fields.next() == Some(name);
            let mut numbers = fields.skip(1).map(|field| field.parse::<u32>().ok());
            let ids = (numbers.next()??, numbers.next()??);
            is_user.then_some(ids)
        });
        match row {
            Some((uid, gid)) => Runs::User {
                name: name.to_owned(),
                uid,
                gid,
            },
            None => Runs::Nobody,
        }
    }
}

impl Runs {
    /// Whether all `bits` of the last digit of a mode are open to it.
    pub fn may(&self, lies: &Lies, bits: u32) -> bool {
        let shift = match self {
            Runs::Root => return true,
            Runs::Nobody => 0,
            Runs::User { uid, .. } if *uid == lies.uid => 6,
            Runs::User { gid, .. } if *gid == lies.gid => 3,
            Runs::User { .. } => 0,
        };
        (lies.mode >> shift) & bits == bits
    }
}

impl fmt::Display for Runs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Runs::Root => f.write_str("the service (as root)"),
            Runs::Nobody => f.write_str("the service (as a user of its own)"),
            Runs::User { name, .. } => write!(f, "the service (as {name})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_found_by_file_and_by_directory() {
        let unit = Unit::parse("LoadCredential=secrets:/etc/revokd/secrets\nLoadCredential=db:/x\n");
        assert!(unit.hands_over("secrets/prod"));
        assert!(unit.hands_over("db"));
        assert!(!unit.hands_over("prod"));
        assert!(!unit.hands_over("/etc/revokd/secrets/prod"));
        assert!(!unit.hands_over("dbx"));
        let emptied = Unit::parse("LoadCredential=db:/x\nLoadCredential=\n");
        assert!(!emptied.hands_over("db"));
    }

    #[test]
    fn the_first_start_makes_the_directories_of_its_state() {
        let unit = Unit::parse("StateDirectory=other revokd\n");
        assert!(unit.makes(Path::new("/var/lib/revokd")));
        assert!(!unit.makes(Path::new("/var/lib")));
        assert!(!unit.makes(Path::new("/srv/revokd")));
        let emptied = Unit::parse("StateDirectory=revokd\nStateDirectory=\n");
        assert!(!emptied.makes(Path::new("/var/lib/revokd")));
    }

    #[test]
    fn a_drop_in_changes_what_the_unit_says() {
        let unit = Unit::parse(
            "DynamicUser=yes\nEnvironment=REVOKD_CONFIG=/a\n[Service]\nDynamicUser=no\nUser=revokd\n",
        );
        assert_eq!(unit.config, PathBuf::from("/a"));
        let accounts = "root:x:0:0::/root:/bin/sh\nrevokd:x:990:991::/:/bin/false\n";
        let runs = unit.runs_as(accounts);
        assert_eq!(
            runs,
            Runs::User {
                name: "revokd".to_owned(),
                uid: 990,
                gid: 991
            }
        );
        let file = |mode, uid, gid| Lies {
            path: PathBuf::from("/x"),
            mode,
            uid,
            gid,
        };
        assert!(runs.may(&file(0o400, 990, 0), 0o4));
        assert!(runs.may(&file(0o040, 0, 991), 0o4));
        assert!(!runs.may(&file(0o440, 0, 0), 0o4));
        assert!(runs.may(&file(0o004, 0, 0), 0o4));
    }
}
