//! From a configuration file to the parts that a command works with.

use std::{
    collections::BTreeMap, io::ErrorKind, os::unix::fs::MetadataExt, path::Path, sync::Arc, time::Duration,
};

use anyhow::{Context as _, bail};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{logging, output};
use crate::{
    config::{
        self, Loaded, Problems,
        types::{CloudLimits, Config, Daemon},
    },
    daemon::{
        clock::{SharedClock, SystemClock},
        context::{Cloud, Context, Rules},
        progress::Progress,
        wake::Wake,
    },
    engine::policy::Policy,
    metrics::Metrics,
    model::CloudName,
    providers::{self, refusals::Refusals},
    store::Store,
};

pub fn load(path: &Path, now: Timestamp) -> Result<Loaded, Problems> {
    config::load(path, now, &|name| std::env::var(name).ok())
}

/// The configuration, or `None` after its problems were shown.
pub fn load_or_show(path: &Path) -> Option<Loaded> {
    match load(path, Timestamp::now()) {
        Ok(loaded) => {
            show_warnings(&loaded.warnings);
            Some(loaded)
        }
        Err(problems) => {
            show(&problems);
            None
        }
    }
}

/// The store alone, or `None` after the problems of `[daemon]` were shown. A
/// store that is not there is not made: it would belong to whoever asked.
///
/// # Errors
/// There is no store yet, or it cannot be opened.
pub fn existing_store(path: &Path) -> anyhow::Result<Option<Store>> {
    let daemon = match config::load_daemon(path, &|name| std::env::var(name).ok()) {
        Ok(daemon) => daemon,
        Err(problems) => {
            show(&problems);
            return Ok(None);
        }
    };
    if !has_store(&daemon)? {
        bail!(
            "nothing has run yet: there is no store at {}",
            daemon.store.display()
        );
    }
    open_store(&daemon).map(Some)
}

/// Whether there is a store. One that is out of this user's reach is not taken
/// for none: that would read as if nothing had ever run.
///
/// # Errors
/// It cannot be told.
pub fn has_store(daemon: &Daemon) -> anyhow::Result<bool> {
    let path = daemon.store.display();
    match daemon.store.try_exists() {
        Ok(is_there) => Ok(is_there),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => bail!(
            "the store at {path} cannot be reached as this user (permission denied): run this as root, or as the user of the service"
        ),
        Err(error) => Err(error).with_context(|| format!("looking for the store {path}")),
    }
}

pub fn show(problems: &Problems) {
    if logging::is_on_journal() {
        return log(problems);
    }
    output::tell_coloured(&problems.render(output::colour_on_stderr(), output::width()));
    output::tell(&format!(
        "{} in the configuration; nothing was done.\n",
        output::count(problems.count() as u64, "problem", "problems")
    ));
}

pub fn show_warnings(warnings: &Problems) {
    if logging::is_on_journal() {
        log_warnings(warnings);
    } else if !warnings.is_empty() {
        output::tell_coloured(&warnings.render_warnings(output::colour_on_stderr(), output::width()));
    }
}

/// One event for each, as the daemon tells of them.
pub fn log(problems: &Problems) {
    for problem in problems.iter() {
        let place = problem.place.as_ref().map(|place| place.line_and_column());
        let (line, column) = place.unzip();
        let (file, message, hint) = (&problem.file, &problem.message, problem.hint.as_deref());
        tracing::error!(
            file,
            line,
            column,
            problem = message,
            hint,
            "a problem in the configuration"
        );
    }
    let more = problems.count() - problems.iter().count();
    if more > 0 {
        tracing::error!(more, "there are more problems in the configuration");
    }
}

pub fn log_warnings(warnings: &Problems) {
    for warning in warnings.iter() {
        let place = warning.place.as_ref().map(|place| place.line_and_column());
        let (line, column) = place.unzip();
        let (file, message, hint) = (&warning.file, &warning.message, warning.hint.as_deref());
        tracing::warn!(
            file,
            line,
            column,
            problem = message,
            hint,
            "something in the configuration is worth a look"
        );
    }
}

/// The named policies, or all that are enabled.
pub fn select(config: &Config, names: &[String]) -> anyhow::Result<Vec<Arc<Policy>>> {
    for name in names {
        if !config.policies.iter().any(|policy| policy.name.as_str() == name) {
            let known: Vec<&str> = config
                .policies
                .iter()
                .map(|policy| policy.name.as_str())
                .collect();
            bail!("there is no policy {name:?}; there are: {}", known.join(", "));
        }
    }
    let wanted = |policy: &&Policy| match names {
        [] => policy.enabled,
        names => names.iter().any(|name| policy.name.as_str() == name),
    };
    Ok(config
        .policies
        .iter()
        .filter(wanted)
        .cloned()
        .map(Arc::new)
        .collect())
}

pub fn open_store(daemon: &Daemon) -> anyhow::Result<Store> {
    Store::open(&daemon.store).with_context(|| format!("opening the store {}", daemon.store.display()))
}

/// All parts of the daemon, on the system's clock.
pub fn context(config: &Config) -> anyhow::Result<Arc<Context>> {
    let clock: SharedClock = Arc::new(SystemClock);
    let metrics = Arc::new(Metrics::new());
    let clouds = clouds(config, &clock, &metrics)?;
    metrics.reloaded(true, clock.now());
    let (rules, _) = watch::channel(Arc::new(Rules::of(config, &clouds)?));
    Ok(Arc::new(Context {
        store: open_store(&config.daemon)?,
        clouds,
        rules,
        retry: config.daemon.retry,
        decision_valid: signed(config.daemon.decision_valid),
        metrics,
        clock,
        random: Arc::new(random),
        progress: Arc::new(Progress::default()),
        wake: Wake::new(config.daemon.wake_token.clone()),
        stop: CancellationToken::new(),
    }))
}

/// All clouds of one call share what is known of refused logins.
pub fn clouds(
    config: &Config,
    clock: &SharedClock,
    metrics: &Arc<Metrics>,
) -> anyhow::Result<BTreeMap<CloudName, Arc<Cloud>>> {
    let refusals = Refusals::default();
    let connect = |(name, cloud): (&CloudName, &config::types::Cloud)| {
        let (counted, of) = (metrics.clone(), name.clone());
        let (clock, now) = (clock.clone(), clock.now());
        let handles = providers::connect(
            name.clone(),
            cloud,
            Arc::new(move || clock.now()),
            Arc::new(move |call| counted.called(&of, &call)),
            &refusals,
        )
        .with_context(|| format!("preparing cloud {name}"))?;
        let limits = &cloud.limits;
        let cloud = Cloud::new(
            name.clone(),
            handles,
            limits.concurrency,
            longest_call(limits),
            metrics.clone(),
            now,
        );
        Ok((name.clone(), Arc::new(cloud)))
    };
    config.clouds.iter().map(connect).collect()
}

/// All workers may wait for the rate limit at once.
fn longest_call(limits: &CloudLimits) -> SignedDuration {
    let calls = u32::try_from(limits.concurrency).unwrap_or(u32::MAX);
    let pace = limits.requests_per_second.map_or(Duration::ZERO, |rate| {
        Duration::from_secs(1) / rate.max(1) * calls
    });
    signed(limits.request_timeout.saturating_add(pace))
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

/// In `[0, 1)`. Only spreads retries: a system without randomness spreads none.
fn random() -> f64 {
    let bits = getrandom::u64().unwrap_or(u64::MAX / 2) >> 11;
    bits as f64 / (1u64 << 53) as f64
}

/// Who acts, for the audit: the name that the environment gives, and the user
/// id that it cannot change.
pub fn actor() -> String {
    let name = ["SUDO_USER", "USER", "LOGNAME"]
        .iter()
        .find_map(|variable| std::env::var(variable).ok());
    let name = name.unwrap_or_else(|| "operator".to_owned());
    match std::fs::metadata("/proc/self") {
        Ok(process) => format!("{name} (uid {})", process.uid()),
        Err(_) => name,
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    /// Root may enter any directory: what holds for others shows where the test
    /// is somebody else's.
    #[test]
    fn a_store_that_is_not_there_is_told_from_one_out_of_reach() {
        let directory = tempfile::tempdir().unwrap();
        let config = directory.path().join("revokd.toml");
        fs::write(&config, "[daemon]\nstore = \"sqlite:closed/revokd.db\"\n").unwrap();
        let told = || existing_store(&config).map(|_| ()).unwrap_err().to_string();
        assert!(told().starts_with("nothing has run yet"), "{}", told());
        let closed = directory.path().join("closed");
        fs::create_dir(&closed).unwrap();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
        let may_enter = fs::read_dir(&closed).is_ok();
        let said = told();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(
            said.contains("cannot be reached as this user"),
            !may_enter,
            "{said}"
        );
    }
}
