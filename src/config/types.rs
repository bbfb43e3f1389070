//! The configuration as compiled.

use std::{collections::BTreeMap, fmt, net::SocketAddr, path::PathBuf, time::Duration};

use secrecy::SecretString;
use url::Url;

use super::people::Source;
use crate::{
    engine::{
        policy::{Policy, Protection},
        retry::RetryLimits,
    },
    model::{CloudName, Kind, SourceName},
};

#[derive(Clone, Debug)]
pub struct Config {
    pub daemon: Daemon,
    pub clouds: BTreeMap<CloudName, Cloud>,
    /// Lists of people, from `revokd.toml` and beside the policies.
    pub sources: BTreeMap<SourceName, Source>,
    /// In the order of file names, then of the files.
    pub policies: Vec<Policy>,
}

#[derive(Clone, Debug)]
pub struct Daemon {
    /// The SQLite file.
    pub store: PathBuf,
    pub listen: SocketAddr,
    /// Who shows it may wake a policy over HTTP; `None`: nobody may.
    pub wake_token: Option<SecretString>,
    pub protect: Protection,
    pub retry: RetryLimits,
    /// How long a stopping daemon lets calls in flight finish.
    pub stop_within: Duration,
    /// A task not carried out this long after its decision is decided afresh.
    pub decision_valid: Duration,
}

#[derive(Clone, Debug)]
pub struct Cloud {
    pub provider: Provider,
    pub auth_url: Url,
    pub region: Option<String>,
    /// `public` unless said otherwise.
    pub interface: String,
    pub endpoints: Endpoints,
    pub allow_http: bool,
    /// PEM, added to the system's roots.
    pub ca_file: Option<PathBuf>,
    pub limits: CloudLimits,
}

/// What kind of cloud it is, and how to log in there.
#[derive(Clone, Debug)]
pub enum Provider {
    OpenStack(Auth),
    Huawei(Huawei),
}

impl Provider {
    pub fn name(&self) -> ProviderName {
        match self {
            Provider::OpenStack(_) => ProviderName::OpenStack,
            Provider::Huawei(_) => ProviderName::Huawei,
        }
    }

    /// What can be removed there.
    pub fn kinds(&self) -> &'static [Kind] {
        self.name().kinds()
    }
}

/// A kind of cloud, without an account there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderName {
    OpenStack,
    Huawei,
}

impl ProviderName {
    /// What can be removed there.
    pub fn kinds(self) -> &'static [Kind] {
        match self {
            ProviderName::OpenStack => &[Kind::ImageShare, Kind::Image],
            ProviderName::Huawei => Kind::ALL,
        }
    }
}

/// As people call it.
impl fmt::Display for ProviderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ProviderName::OpenStack => "OpenStack",
            ProviderName::Huawei => "Huawei Cloud",
        })
    }
}

/// Where services are, for when the catalogue is silent or wrong.
#[derive(Clone, Debug, Default)]
pub struct Endpoints {
    pub image: Option<Url>,
    /// Only on Huawei's clouds.
    pub registry: Option<Url>,
}

/// Huawei Cloud, and clouds built like it.
#[derive(Clone, Debug)]
pub struct Huawei {
    pub flavour: Flavour,
    pub login: HuaweiLogin,
    /// `enterprise_project_id` of the image list; `None` sends none.
    pub enterprise_project: Option<String>,
    /// `Content-Type` of calls to the registry.
    pub registry_content_type: String,
}

/// Clouds of one make that differ in details.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    HuaweiCloud,
    OpenTelekomCloud,
}

/// `Debug` shows no secret.
#[derive(Clone, Debug)]
pub enum HuaweiLogin {
    Password {
        user: Named,
        password: SecretString,
        project: Named,
    },
    /// Every request is signed.
    AccessKey {
        access_key: String,
        secret_key: SecretString,
        /// Of temporary keys.
        security_token: Option<SecretString>,
        project: Named,
    },
    /// A token made elsewhere; it cannot be renewed.
    Token { token: SecretString, project: Named },
}

#[derive(Clone, Debug)]
pub struct CloudLimits {
    /// Calls in flight at once.
    pub concurrency: usize,
    /// Calls a second, all together; `None` for no limit.
    pub requests_per_second: Option<u32>,
    pub connect_timeout: Duration,
    pub request_timeout: Duration,
    /// Rows asked for in one page.
    pub page_size: u32,
    /// Pages after which a listing is called endless.
    pub max_pages: u32,
    /// Bytes of one answer.
    pub max_body: usize,
    /// Resources and subjects of one call that takes several.
    pub batch_resources: usize,
    pub batch_subjects: usize,
}

impl Default for CloudLimits {
    fn default() -> CloudLimits {
        CloudLimits {
            concurrency: 8,
            requests_per_second: None,
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(60),
            page_size: 1000,
            max_pages: 10_000,
            max_body: 32 << 20,
            batch_resources: 100,
            batch_subjects: 100,
        }
    }
}

/// How to log in at Keystone. Secrets are read when the configuration is
/// loaded; `Debug` shows none of them.
#[derive(Clone, Debug)]
pub enum Auth {
    Password {
        user: Named,
        password: SecretString,
        project: Named,
    },
    ApplicationCredential {
        credential: CredentialName,
        secret: SecretString,
    },
    /// A token made elsewhere; it cannot be renewed.
    Token { token: SecretString, project: Named },
}

/// A user or project by id, or by name within a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    Id(String),
    Name { name: String, domain: Domain },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Domain {
    Id(String),
    Name(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialName {
    Id(String),
    /// A credential's name is unique per user.
    Name {
        name: String,
        user: Named,
    },
}
