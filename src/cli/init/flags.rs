//! The command line of `revokd init`.

use std::path::PathBuf;

use clap::ValueEnum;

/// Write a configuration for a cloud, led by the hand
///
/// Asks for what no flag says, tries the login, shows what can be seen, and
/// writes a section [clouds.NAME] with remarks: into a new configuration, or
/// behind what is in one already. The secret goes into a file of its own under
/// secrets/, which the service is handed as a credential. A policy that only
/// looks is put beside it. Nothing that is there is ever written over, and
/// nothing is written if the cloud refuses the login. Policies that are there
/// already and work on all clouds (`clouds = ["*"]`) will work on the new one:
/// they are named, and asked about if they do more than look.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  revokd init
  revokd init --provider openstack --auth-url https://keystone.example.com/v3 --user revokd \\
      prod --project images --secret-stdin < password
  revokd init --provider open-telekom-cloud --region eu-de --user revokd --project eu-de \\
      otc --domain OTC-EU-DE-00000000001000000001 --secret-stdin < password
  revokd init prod --clouds-yaml production --dry-run")]
pub struct Flags {
    /// What policies call the cloud.
    #[arg(value_name = "NAME")]
    pub name: Option<String>,

    /// Which make of cloud it is; `huawei` where the address tells which one.
    #[arg(long, value_enum)]
    pub provider: Option<Provider>,

    /// The identity service.
    #[arg(long, value_name = "URL")]
    pub auth_url: Option<String>,

    /// The region of the services, where there is more than one.
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,

    /// The project whose images are watched.
    #[arg(long, value_name = "NAME", conflicts_with = "project_id")]
    pub project: Option<String>,

    /// The same, by id.
    #[arg(long, value_name = "ID")]
    pub project_id: Option<String>,

    /// OpenStack: the domain of the project [default: Default]
    #[arg(long, value_name = "NAME", conflicts_with = "project_id")]
    pub project_domain: Option<String>,

    /// Huawei Cloud: the account.
    #[arg(long, value_name = "NAME")]
    pub domain: Option<String>,

    /// How to log in; follows from the other flags where they say it.
    #[arg(long, value_enum)]
    pub method: Option<Method>,

    /// Who logs in with a password; the password is the secret.
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,

    /// OpenStack: the domain of the user [default: Default]
    #[arg(long, value_name = "NAME")]
    pub user_domain: Option<String>,

    /// OpenStack: the id of an application credential; its secret is the secret.
    #[arg(long, value_name = "ID", conflicts_with_all = ["user", "access_key", "project", "project_id"])]
    pub application_credential_id: Option<String>,

    /// Huawei Cloud: the id of an access key; its secret key is the secret.
    #[arg(long, value_name = "ID", conflicts_with = "user")]
    pub access_key: Option<String>,

    /// A file that holds the secret already; it is named, and left as it is.
    /// A service is handed only what lies below secrets/.
    #[arg(long, value_name = "FILE", conflicts_with = "secret_stdin")]
    pub secret_file: Option<PathBuf>,

    /// Read the secret from standard input, and keep it under secrets/.
    #[arg(long)]
    pub secret_stdin: bool,

    /// Certificates of an authority of your own.
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,

    /// The image service, where the cloud's catalogue does not name it.
    #[arg(long, value_name = "URL")]
    pub image: Option<String>,

    /// Huawei Cloud: the registry, where the catalogue does not name it.
    #[arg(long, value_name = "URL")]
    pub swr: Option<String>,

    /// OpenStack: take address, login and secret from an entry of clouds.yaml.
    #[arg(
        long,
        value_name = "ENTRY",
        conflicts_with_all = [
            "provider", "auth_url", "project", "project_id", "project_domain", "domain", "method", "user",
            "user_domain", "application_credential_id", "access_key", "secret_file", "secret_stdin", "swr",
        ]
    )]
    pub clouds_yaml: Option<String>,

    /// That clouds.yaml, if it is in none of the usual places.
    #[arg(long, value_name = "FILE", requires = "clouds_yaml")]
    pub clouds_file: Option<PathBuf>,

    /// Agree that policies which are there already and remove access work on
    /// the new cloud too; `--yes` alone does not say that.
    #[arg(long)]
    pub under_existing_policies: bool,

    /// Write without trying the login.
    #[arg(long)]
    pub no_test: bool,

    /// Show what would be written, and write nothing.
    #[arg(long)]
    pub dry_run: bool,

    /// Ask nothing: what no flag says is an error.
    #[arg(long)]
    pub yes: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Provider {
    Openstack,
    Huawei,
    HuaweiCloud,
    OpenTelekomCloud,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Method {
    Password,
    ApplicationCredential,
    AkSk,
}
