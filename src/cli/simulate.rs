//! `revokd simulate`

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use jiff::Timestamp;
use tokio::signal::unix::{SignalKind, signal};

use self::clouds::{Clouds, Huawei, Login, OpenStack, Which};
use super::{
    Exit,
    output::{print_line, tell},
};
use crate::simulator::{self, Fault, Removal, Seeding, World};

pub mod clouds;
mod faults;

/// How often removals are looked for.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Serve simulated clouds, to try policies on
///
/// Speaks Keystone and Glance, and IAM, IMS and SWR as Open Telekom Cloud or
/// Huawei Cloud do, on loopback, over worlds that live in memory. A
/// configuration that leads to them is written beside the policies that revokd
/// ships; change them, and see what `plan` and `run --once` make of them. What
/// is removed is printed and written to removals.jsonl.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  revokd simulate --directory try
  revokd --config try/revokd.toml plan
  revokd simulate --cloud huawei-cloud --directory hwc
  revokd simulate --images 10000 --shares 100 --directory large
  revokd simulate --fault remove-member=503*2 --fault remove-members=400:IMG.0066*1

Logins, in the directory and readable by its owner alone:
  example-password      of the user in [clouds.example]
  registry-password     of the user in [clouds.registry]
  registry-access-key   of the same user: an access key, and
  registry-secret-key   what goes with it

Faults: CALL=EFFECT[*TIMES], on each cloud that knows the call
  CALL    login, list-users, show-user,
          list-images, show-image, delete-image, list-members, remove-member, remove-members, show-job,
          list-namespaces, list-repositories, list-shared-repositories, list-permissions,
          remove-permissions, list-account-shares, remove-account-share, any
  EFFECT  a status (503), a status with Retry-After in seconds (429:5) or with a code of the
          service (400:IMG.0066), cut-before, cut-after, token-dies, a latency (200ms), or with
          remove-members job-fails: the call is taken, and its job does nothing and fails

A cloud that takes every call and removes no share of an image, to see RevokdRemovalsFail:
  revokd simulate --fault remove-members=job-fails --fault remove-member=204")]
pub struct Arguments {
    /// Which clouds to serve: OpenStack is [clouds.example], another one
    /// [clouds.registry].
    #[arg(long, value_enum, default_value_t)]
    cloud: Which,

    /// Where the simulated Keystone listens; the image service is there too.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// Where the cloud with a registry listens, with all its services.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen_registry: SocketAddr,

    /// Where to write the configuration; made if need be.
    #[arg(long, value_name = "DIRECTORY", default_value = "revokd-simulated")]
    directory: PathBuf,

    /// Make a world of so many images for OpenStack instead of the one of the
    /// demo.
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
    #[arg(long = "fault", value_name = "FAULT", value_parser = faults::parse)]
    faults: Vec<Fault>,
}

pub async fn main(arguments: &Arguments) -> anyhow::Result<Exit> {
    if arguments.images.is_some() && !arguments.cloud.has_openstack() {
        tell("error: --images makes a world for OpenStack, which --cloud leaves out\n");
        return Ok(Exit::Usage);
    }
    let clouds = arguments.start().await?;
    clouds.add_faults(&arguments.faults);
    let config = clouds.write_configuration(&arguments.directory, "127.0.0.1:9469")?;
    let removals = arguments.directory.join("removals.jsonl");
    let mut told = Told::to(&removals)?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    for served in clouds.served() {
        print_line(&format!(
            "simulated cloud {} ({}) at {}",
            served.name, served.like, served.auth_url
        ))?;
    }
    print_line(&format!("try: revokd --config {} plan", config.display()))?;
    if arguments.cloud.flavour().is_some() {
        print_line(&format!(
            "try: revokd --config {} run, and meanwhile add a line to {}",
            config.display(),
            arguments.directory.join("policies/leavers.csv").display()
        ))?;
    }
    print_line("stop with Ctrl-C; what is removed is shown here")?;
    loop {
        told.catch_up(&clouds)?;
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
        }
    }
    told.catch_up(&clouds)?;
    clouds.stop().await;
    print_line(&format!(
        "{} removed in all, listed in {}",
        told.count(),
        removals.display()
    ))?;
    Ok(Exit::Done)
}

impl Arguments {
    async fn start(&self) -> anyhow::Result<Clouds> {
        let mut clouds = Clouds::default();
        if self.cloud.has_openstack() {
            let (world, login) = self.world();
            clouds.openstack = Some(OpenStack::start(world, login, self.listen).await?);
        }
        if let Some(flavour) = self.cloud.flavour() {
            clouds.huawei = Some(Huawei::start(flavour, self.listen_registry, false).await?);
        }
        Ok(clouds)
    }

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

/// The removals that were printed and written down.
struct Told {
    file: fs::File,
    /// By cloud.
    counts: BTreeMap<&'static str, usize>,
}

impl Told {
    fn to(path: &Path) -> anyhow::Result<Told> {
        let file = fs::File::create(path).with_context(|| format!("writing {}", path.display()))?;
        let counts = BTreeMap::new();
        Ok(Told { file, counts })
    }

    fn count(&self) -> usize {
        self.counts.values().sum()
    }

    fn catch_up(&mut self, clouds: &Clouds) -> anyhow::Result<()> {
        for served in clouds.served() {
            let count = self.counts.entry(served.name).or_default();
            let fresh = served.world.removals().get(*count..).unwrap_or_default();
            *count += fresh.len();
            for removal in fresh {
                note(&mut self.file, served.name, removal)?;
            }
        }
        Ok(())
    }
}

fn note(file: &mut fs::File, cloud: &str, removal: &Removal) -> anyhow::Result<()> {
    let (kind, resource) = (removal.kind, &removal.resource);
    let subject = removal.subject.as_ref();
    let line = serde_json::json!({
        "at": removal.at, "cloud": cloud, "kind": kind, "resource": resource, "subject": subject,
    });
    writeln!(file, "{line}")?;
    match subject {
        Some(subject) => print_line(&format!("removed: {kind} {resource} of {subject}")),
        None => print_line(&format!("removed: {kind} {resource}")),
    }
}
