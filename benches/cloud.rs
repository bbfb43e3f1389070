//! A simulated cloud in a process of its own, so that what it costs is neither
//! the daemon's nor its rival's.

use std::{
    io::{BufRead, BufReader, Write, stdin, stdout},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::Arc,
};

use anyhow::{Context, bail};
use jiff::Timestamp;
use revokd::{
    model::{Id, Visibility},
    providers::openstack::simulated::{Options, SimulatedCloud},
    simulator::{Actor, ImageChange, Role, Seeded, Seeding, seeded_world},
};

pub const SUBCOMMAND: &str = "cloud";
pub const PROJECTS: usize = 2_000;

/// The account of every seeded world.
pub const USER: &str = "revoker";
pub const PASSWORD: &str = "simulated-password";
pub const PROJECT: &str = "platform";

/// A running cloud. Dropping it ends its process.
pub struct Cloud {
    pub auth_url: String,
    child: Child,
    ask: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Cloud {
    /// A world of `images` images that are all shared with `shares` projects
    /// each; the same numbers give the same ids.
    pub fn start(images: usize, shares: usize) -> anyhow::Result<Cloud> {
        Cloud::spawn(&[SUBCOMMAND, &images.to_string(), &shares.to_string()])
    }

    /// This program once more, as one of the clouds it can be; it tells where
    /// its identity service is first.
    pub fn spawn(arguments: &[&str]) -> anyhow::Result<Cloud> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting a simulated cloud")?;
        let answers = child.stdout.take().context("its output")?;
        let mut cloud = Cloud {
            auth_url: String::new(),
            ask: child.stdin.take(),
            answers: BufReader::new(answers),
            child,
        };
        cloud.auth_url = cloud.line()?;
        Ok(cloud)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Forgets the requests so far.
    pub fn forget(&mut self) -> anyhow::Result<()> {
        self.tell("forget")?;
        self.line().map(drop)
    }

    /// Method and path of each request since the last `forget`, in the order
    /// in which they ended.
    pub fn requests(&mut self) -> anyhow::Result<Vec<(String, String)>> {
        self.tell("requests")?;
        let mut requests = Vec::new();
        loop {
            let line = self.line()?;
            match line.split_once(' ') {
                Some((method, path)) => requests.push((method.to_owned(), path.to_owned())),
                None => return Ok(requests),
            }
        }
    }

    fn tell(&mut self, word: &str) -> anyhow::Result<()> {
        let ask = self.ask.as_mut().context("the cloud listens")?;
        Ok(writeln!(ask, "{word}")?)
    }

    /// What it says next.
    pub fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            bail!("the simulated cloud ended");
        }
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        self.ask = None;
        // It ends when its input does; how does not matter.
        drop(self.child.wait());
    }
}

/// What the child does: serves until its input ends.
pub fn serve(arguments: &[&str]) -> anyhow::Result<()> {
    let [images, shares] = arguments else {
        bail!("cloud IMAGES SHARES");
    };
    let seeded = world(images.parse()?, shares.parse()?)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let options = Options::new(Arc::new(Timestamp::now));
    let cloud = runtime.block_on(SimulatedCloud::start(seeded.world, options))?;
    let mut out = stdout().lock();
    writeln!(out, "{}", cloud.auth_url())?;
    for word in stdin().lines() {
        match word?.as_str() {
            "forget" => cloud.requests().clear(),
            "requests" => {
                for request in cloud.requests().all() {
                    writeln!(out, "{} {}", request.call.method, request.path)?;
                }
            }
            other => bail!("no such command: {other}"),
        }
        writeln!(out)?;
    }
    runtime.block_on(cloud.stop());
    Ok(())
}

fn world(images: usize, shares_per_image: usize) -> anyhow::Result<Seeded> {
    let mut seeded = seeded_world(&Seeding {
        seed: 1,
        now: Timestamp::now(),
        images,
        foreign_images: 0,
        projects: PROJECTS,
        shares_per_image,
    });
    let actor = Actor {
        project: seeded.login.project.clone(),
        role: Role::Member,
    };
    // Seeded worlds are mixed; a figure per share wants every share awake.
    let all: Vec<(Id, Timestamp)> = seeded
        .world
        .images()
        .map(|image| (image.id().clone(), image.updated_at))
        .collect();
    for (image, updated_at) in all {
        let change = vec![ImageChange::Visibility(Visibility::Shared)];
        seeded
            .world
            .change_image(&actor, image.as_str(), change, updated_at)
            .map_err(|refusal| anyhow::anyhow!("sharing image {image}: {refusal:?}"))?;
    }
    Ok(seeded)
}
