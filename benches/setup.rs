//! A configuration on disk that leads to a simulated cloud, and the daemon's
//! parts made from it as the command line makes them.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::anyhow;
use jiff::{SignedDuration, Timestamp};
use revokd::{
    config::{self, shipped, types::Config},
    daemon::{
        clock::{SharedClock, SystemClock},
        context::{Cloud, Context, Rules},
        progress::Progress,
        wake::Wake,
    },
    metrics::Metrics,
    model::CloudName,
    providers::{self, calls::Observer},
    store::Store,
};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::cloud;

/// Twenty policies with keys as in the shipped ones.
pub const POLICIES: &str = include_str!("policies.toml");

/// Every share there is.
pub const EVERYTHING: &str = r#"
[[policy]]
name        = "everything"
description = "Ends every share."
schedule    = "0 0 * * *"
clouds      = ["example"]
resource    = "image-share"
mode        = "enforce"
match       = { granted_before = "0s" }
limits      = { max_revocations = 1000000, max_percent = 100 }
"#;

/// Looks at every share and finds none.
pub const NOTHING: &str = r#"
[[policy]]
name        = "nothing"
description = "Ends no share."
schedule    = "0 0 * * *"
clouds      = ["example"]
resource    = "image-share"
match       = { granted_before = "3650d" }
"#;

/// A directory with a configuration, gone when dropped. It lies in the build
/// directory: what is measured is to meet a disk, and `/tmp` may be none.
pub struct Directory(TempDir);

impl Directory {
    /// With the shipped policies.
    pub fn shipped(auth_url: &str) -> anyhow::Result<Directory> {
        Directory::with(auth_url, &shipped::policies(true, false).collect::<Vec<_>>())
    }

    pub fn with_policies(auth_url: &str, text: &str) -> anyhow::Result<Directory> {
        Directory::with(auth_url, &[("policies.toml", text)])
    }

    fn with(auth_url: &str, policies: &[(&str, &str)]) -> anyhow::Result<Directory> {
        let example = shipped::Example {
            auth_url,
            user: cloud::USER,
            project: cloud::PROJECT,
        };
        let text = shipped::config("127.0.0.1:0", Some(&example), None);
        Directory::written(&text, shipped::PASSWORD_FILE, policies)
    }

    fn written(config: &str, password_file: &str, policies: &[(&str, &str)]) -> anyhow::Result<Directory> {
        let directory = TempDir::new_in(env!("CARGO_TARGET_TMPDIR"))?;
        let path = directory.path();
        fs::create_dir(path.join("policies"))?;
        for (name, text) in policies {
            fs::write(path.join("policies").join(name), text)?;
        }
        fs::write(path.join("revokd.toml"), config)?;
        let password = path.join(password_file);
        fs::write(&password, cloud::PASSWORD)?;
        fs::set_permissions(&password, fs::Permissions::from_mode(0o600))?;
        Ok(Directory(directory))
    }

    /// Leads to a cloud with a registry.
    pub fn of_registry(
        registry: &shipped::Registry<'_>,
        policies: &[(&str, &str)],
    ) -> anyhow::Result<Directory> {
        let text = shipped::config("127.0.0.1:0", None, Some(registry));
        // Every share costs a call of its own, as on OpenStack.
        let text = text.replace("batch_resources = 100", "batch_resources = 1");
        let text = text.replace("batch_subjects  = 100", "batch_subjects  = 1");
        Directory::written(&text, shipped::REGISTRY_PASSWORD_FILE, policies)
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn config_file(&self) -> PathBuf {
        self.path().join("revokd.toml")
    }

    pub fn load(&self) -> anyhow::Result<Config> {
        let loaded = config::load(&self.config_file(), Timestamp::now(), &|_| None);
        Ok(loaded
            .map_err(|problems| anyhow!("{}", problems.render(false, 100)))?
            .config)
    }
}

/// All parts of the daemon, on the system's clock.
pub fn context(config: &Config) -> anyhow::Result<Arc<Context>> {
    context_watched(config, &nobody())
}

/// The same, where somebody is told of every call beside the metrics.
pub fn context_watched(config: &Config, observer: &Observer) -> anyhow::Result<Arc<Context>> {
    let clock: SharedClock = Arc::new(SystemClock);
    let metrics = Arc::new(Metrics::new());
    let clouds = clouds(config, &clock, &metrics, observer)?;
    let (rules, _) = watch::channel(Arc::new(Rules::of(config, &clouds)?));
    Ok(Arc::new(Context {
        store: Store::open(&config.daemon.store)?,
        clouds,
        rules,
        retry: config.daemon.retry,
        decision_valid: SignedDuration::try_from(config.daemon.decision_valid)?,
        metrics,
        clock,
        random: Arc::new(|| 0.5),
        progress: Arc::new(Progress::default()),
        wake: Wake::new(config.daemon.wake_token.clone()),
        stop: CancellationToken::new(),
    }))
}

/// Who is told of the calls where nobody wants to know.
pub fn nobody() -> Observer {
    Arc::new(|_| {})
}

pub fn clouds(
    config: &Config,
    clock: &SharedClock,
    metrics: &Arc<Metrics>,
    observer: &Observer,
) -> anyhow::Result<BTreeMap<CloudName, Arc<Cloud>>> {
    let refusals = providers::refusals::Refusals::default();
    let connect = |(name, cloud): (&CloudName, &config::types::Cloud)| {
        let (now, counted, of) = (clock.clone(), metrics.clone(), name.clone());
        let observer = observer.clone();
        let handles = providers::connect(
            name.clone(),
            cloud,
            Arc::new(move || now.now()),
            Arc::new(move |call| {
                counted.called(&of, &call);
                observer(call);
            }),
            &refusals,
        )?;
        let timeout = SignedDuration::try_from(cloud.limits.request_timeout)?;
        let cloud = Cloud::new(
            name.clone(),
            handles,
            cloud.limits.concurrency,
            timeout,
            metrics.clone(),
            clock.now(),
        );
        Ok((name.clone(), Arc::new(cloud)))
    };
    config.clouds.iter().map(connect).collect()
}
