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
    providers,
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
        let directory = TempDir::new_in(env!("CARGO_TARGET_TMPDIR"))?;
        let path = directory.path();
        fs::create_dir(path.join("policies"))?;
        for (name, text) in policies {
            fs::write(path.join("policies").join(name), text)?;
        }
        let example = shipped::Example {
            auth_url,
            user: cloud::USER,
            project: cloud::PROJECT,
        };
        let text = shipped::config("127.0.0.1:0", Some(&example), None);
        fs::write(path.join("revokd.toml"), text)?;
        let password = path.join(shipped::PASSWORD_FILE);
        fs::write(&password, cloud::PASSWORD)?;
        fs::set_permissions(&password, fs::Permissions::from_mode(0o600))?;
        Ok(Directory(directory))
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
    let clock: SharedClock = Arc::new(SystemClock);
    let metrics = Arc::new(Metrics::new());
    let clouds = clouds(config, &clock, &metrics)?;
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

pub fn clouds(
    config: &Config,
    clock: &SharedClock,
    metrics: &Arc<Metrics>,
) -> anyhow::Result<BTreeMap<CloudName, Arc<Cloud>>> {
    let connect = |(name, cloud): (&CloudName, &config::types::Cloud)| {
        let (now, counted, of) = (clock.clone(), metrics.clone(), name.clone());
        let handles = providers::connect(
            name.clone(),
            cloud,
            Arc::new(move || now.now()),
            Arc::new(move |call| counted.called(&of, &call)),
        )?;
        let timeout = SignedDuration::try_from(cloud.limits.request_timeout)?;
        let cloud = Cloud::new(
            name.clone(),
            handles,
            cloud.limits.concurrency,
            timeout,
            metrics.clone(),
        );
        Ok((name.clone(), Arc::new(cloud)))
    };
    config.clouds.iter().map(connect).collect()
}
