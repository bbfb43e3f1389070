//! What is known of a cloud once everything was asked: plain values, as they
//! were given.

/// One cloud and the account there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answers {
    /// The part after the dot of `[clouds.NAME]`.
    pub name: String,
    pub account: Account,
    pub region: Option<String>,
    /// As it stands in the configuration.
    pub ca_file: Option<String>,
    pub image: Option<String>,
    pub registry: Option<String>,
}

/// Where the cloud is and how to log in there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Account {
    OpenStack {
        auth_url: String,
        login: OpenStackLogin,
    },
    Huawei {
        auth_url: String,
        /// `None` where it follows from the address.
        flavour: Option<String>,
        /// The account; `None` where an id makes it needless.
        domain: Option<String>,
        project: Project,
        login: HuaweiLogin,
    },
    /// All of it, the secret too, stands in another tool's file.
    CloudsYaml {
        entry: String,
        file: Option<String>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenStackLogin {
    Password {
        user: String,
        user_domain: String,
        project: Project,
        /// Of a project that is given by name.
        project_domain: String,
    },
    ApplicationCredential {
        id: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HuaweiLogin {
    Password { user: String },
    AccessKey { access_key: String },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Project {
    Name(String),
    Id(String),
}

/// What the keys of a secret are called, and the file that revokd writes it to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretWords {
    /// `password` where the keys are `password_file` and `password_env`.
    pub key: &'static str,
    /// What follows the cloud's name in the name of the file.
    pub file: &'static str,
    /// For people.
    pub what: &'static str,
}

impl Account {
    /// `None` where the secret stands with the rest in another file.
    pub fn secret(&self) -> Option<SecretWords> {
        let (key, file, what) = match self {
            Account::OpenStack { login, .. } => match login {
                OpenStackLogin::Password { .. } => ("password", "password", "password"),
                OpenStackLogin::ApplicationCredential { .. } => {
                    ("secret", "secret", "secret of the application credential")
                }
            },
            Account::Huawei { login, .. } => match login {
                HuaweiLogin::Password { .. } => ("password", "password", "password"),
                HuaweiLogin::AccessKey { .. } => ("secret_key", "secret-key", "secret key"),
            },
            Account::CloudsYaml { .. } => return None,
        };
        Some(SecretWords { key, file, what })
    }
}

/// Where the written section says that the secret is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretPlace {
    /// As it stands in the configuration.
    File(String),
    /// For a section that is only compiled, while the secret is in memory.
    Environment(String),
}

/// Whether a cloud may have this name, and be part of a file's name.
///
/// # Errors
/// What is wrong with it.
pub fn check_name(name: &str) -> Result<(), String> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    match !name.is_empty() && name.len() <= 63 && name.chars().all(good) {
        true => Ok(()),
        false => Err("names are up to 63 letters, digits, dots, hyphens and underscores".to_owned()),
    }
}
