//! `revokd simulate`

use std::{
    fs,
    io::Write,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail};
use jiff::Timestamp;
use tokio::signal::unix::{SignalKind, signal};

use super::{Exit, output::print_line};
use crate::{
    config::shipped,
    providers::openstack::simulated::{Options, SimulatedCloud},
    simulator::{self, CallKind, Effect, Fault, Removal, RetryAfter, Seeding, World},
};

/// How often removals are looked for.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Serve a simulated cloud, to try policies on
///
/// Speaks Keystone and Glance on loopback, over a world of images and shares
/// that lives in memory. A configuration that leads to it is written beside
/// the policies that revokd ships; change them, and see what `plan` and `run
/// --once` make of them. What is removed is printed and written to
/// removals.jsonl.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  revokd simulate --directory try
  revokd --config try/revokd.toml plan
  revokd simulate --images 10000 --shares 100 --directory large
  revokd simulate --fault remove-member=503*2 --fault list-members=cut-before*1

Faults: CALL=EFFECT[*TIMES]
  CALL    login, list-images, show-image, list-members, remove-member, delete-image, any
  EFFECT  a status (503), a status with Retry-After in seconds (429:5), cut-before, cut-after,
          token-dies, or a latency (200ms)")]
pub struct Arguments {
    /// Where the simulated Keystone listens; the image service is there too.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// Where to write the configuration; made if need be.
    #[arg(long, value_name = "DIRECTORY", default_value = "revokd-simulated")]
    directory: PathBuf,

    /// Make a world of so many images instead of the one of the demo.
    #[arg(long, value_name = "NUMBER")]
    images: Option<usize>,

    /// With --images: projects that they are shared with.
    #[arg(long, value_name = "NUMBER", default_value_t = 40, requires = "images")]
    projects: usize,

    /// With --images: shares of each image.
    #[arg(long, value_name = "NUMBER", default_value_t = 4, requires = "images")]
    shares: usize,

    /// With --images: the same number gives the same world.
    #[arg(long, value_name = "NUMBER", default_value_t = 1, requires = "images")]
    seed: u64,

    /// What goes wrong; see below. Can be given several times.
    #[arg(long = "fault", value_name = "FAULT", value_parser = parse_fault)]
    faults: Vec<Fault>,
}

pub async fn main(arguments: &Arguments) -> anyhow::Result<Exit> {
    let (world, login) = arguments.world();
    let cloud = start(world, arguments.listen).await?;
    for fault in &arguments.faults {
        cloud.faults().add(fault.clone());
    }
    let config = write_configuration(&arguments.directory, &cloud.auth_url(), &login, "127.0.0.1:9469")?;
    let removals = arguments.directory.join("removals.jsonl");
    let mut told = Told::to(&removals)?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    print_line(&format!("simulated cloud at {}", cloud.auth_url()))?;
    print_line(&format!("try: revokd --config {} plan", config.display()))?;
    print_line("stop with Ctrl-C; what is removed is shown here")?;
    loop {
        told.catch_up(&cloud)?;
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
        }
    }
    told.catch_up(&cloud)?;
    cloud.stop().await;
    print_line(&format!(
        "{} removed in all, listed in {}",
        told.count,
        removals.display()
    ))?;
    Ok(Exit::Done)
}

/// Who to log in as.
pub struct Login {
    pub user: String,
    pub password: String,
    pub project: String,
}

impl Login {
    pub fn of_demo() -> Login {
        Login {
            user: simulator::demo::USER.to_owned(),
            password: simulator::demo::PASSWORD.to_owned(),
            project: simulator::demo::PROJECT.to_owned(),
        }
    }
}

impl Arguments {
    fn world(&self) -> (World, Login) {
        let now = Timestamp::now();
        let Some(images) = self.images else {
            return (simulator::demo::demo_world(now).0, Login::of_demo());
        };
        let seeded = simulator::seeded_world(&Seeding {
            seed: self.seed,
            now,
            images,
            foreign_images: images / 10,
            projects: self.projects,
            shares_per_image: self.shares,
        });
        let login = Login {
            user: seeded.login.user_name,
            password: seeded.login.password,
            project: seeded.login.project_name,
        };
        (seeded.world, login)
    }
}

pub async fn start(world: World, listen: SocketAddr) -> anyhow::Result<SimulatedCloud> {
    if !listen.ip().is_loopback() {
        bail!(
            "{listen} is not on loopback: the simulated cloud takes any caller, so nobody else should reach it"
        );
    }
    let mut options = Options::new(Arc::new(Timestamp::now));
    options.listen = listen;
    SimulatedCloud::start(world, options)
        .await
        .with_context(|| format!("listening on {listen}"))
}

/// Writes the shipped configuration and policies with the cloud replaced by
/// the simulated one; gives the path of `revokd.toml`. What is there already
/// is left as it is, but for what leads to the cloud.
pub fn write_configuration(
    directory: &Path,
    auth_url: &str,
    login: &Login,
    listen: &str,
) -> anyhow::Result<PathBuf> {
    let write = |path: &Path, text: &str| {
        fs::write(path, text).with_context(|| format!("writing {}", path.display()))
    };
    let policies = directory.join("policies");
    fs::create_dir_all(&policies).with_context(|| format!("making {}", policies.display()))?;
    for (name, text) in shipped::POLICIES {
        let path = policies.join(name);
        if !path.exists() {
            write(&path, text)?;
        }
    }
    let config = directory.join("revokd.toml");
    write(
        &config,
        &shipped::for_cloud(auth_url, &login.user, &login.project, listen),
    )?;
    write(&directory.join(shipped::PASSWORD_FILE), &login.password)?;
    owner_only(&directory.join(shipped::PASSWORD_FILE))?;
    Ok(config)
}

fn owner_only(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o600))?)
}

/// The removals that were printed and written down.
struct Told {
    file: fs::File,
    count: usize,
}

impl Told {
    fn to(path: &Path) -> anyhow::Result<Told> {
        let file = fs::File::create(path).with_context(|| format!("writing {}", path.display()))?;
        Ok(Told { file, count: 0 })
    }

    fn catch_up(&mut self, cloud: &SimulatedCloud) -> anyhow::Result<()> {
        let fresh: Vec<Removal> = cloud
            .world()
            .removals()
            .iter()
            .skip(self.count)
            .cloned()
            .collect();
        self.count += fresh.len();
        for removal in fresh {
            let (kind, resource) = (removal.kind, &removal.resource);
            let subject = removal.subject.as_ref();
            let line = serde_json::json!({
                "at": removal.at, "kind": kind, "resource": resource, "subject": subject,
            });
            writeln!(self.file, "{line}")?;
            match subject {
                Some(subject) => print_line(&format!("removed: {kind} {resource} of {subject}"))?,
                None => print_line(&format!("removed: {kind} {resource}"))?,
            }
        }
        Ok(())
    }
}

fn parse_fault(text: &str) -> anyhow::Result<Fault> {
    let (call, effect) = text
        .split_once('=')
        .context("a fault is CALL=EFFECT, like remove-member=503")?;
    let (effect, times) = match effect.split_once('*') {
        Some((effect, times)) => (
            effect,
            Some(times.parse::<u64>().context("after * comes how many times")?),
        ),
        None => (effect, None),
    };
    let effect = parse_effect(effect)?;
    let fault = match call {
        "login" => Fault::on(CallKind::Login, effect),
        "list-images" => Fault::on(CallKind::ListImages, effect),
        "show-image" => Fault::on(CallKind::ShowImage, effect),
        "list-members" => Fault::on(CallKind::ListMembers, effect),
        "remove-member" => Fault::on(CallKind::RemoveMember, effect),
        "delete-image" => Fault::on(CallKind::DeleteImage, effect),
        "any" => Fault::on_anything(effect),
        other => bail!("there is no call {other:?}; see --help"),
    };
    Ok(match times {
        Some(times) => fault.times(times),
        None => fault,
    })
}

fn parse_effect(text: &str) -> anyhow::Result<Effect> {
    if let Some((status, seconds)) = text.split_once(':') {
        let seconds = seconds.parse().context("after : come seconds")?;
        return Ok(Effect::StatusRetryAfter(
            parse_status(status)?,
            RetryAfter::Seconds(seconds),
        ));
    }
    Ok(match text {
        "cut-before" => Effect::CutBefore,
        "cut-after" => Effect::CutAfter,
        "token-dies" => Effect::TokenDies,
        status if status.chars().all(|c| c.is_ascii_digit()) => Effect::Status(parse_status(status)?),
        latency => Effect::Latency(humantime::parse_duration(latency).context("not an effect; see --help")?),
    })
}

fn parse_status(text: &str) -> anyhow::Result<u16> {
    let status = text.parse().ok().filter(|status| (200..600).contains(status));
    status.with_context(|| format!("{text:?} is no HTTP status"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_as_the_help_says() {
        for good in [
            "remove-member=503*2",
            "list-members=cut-before",
            "login=429:5*1",
            "any=200ms",
            "delete-image=token-dies",
        ] {
            assert!(parse_fault(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "remove-member",
            "x=503",
            "login=",
            "login=999",
            "login=503*x",
            "login=429:x",
            "login=often",
        ] {
            assert!(parse_fault(bad).is_err(), "{bad}");
        }
    }
}
