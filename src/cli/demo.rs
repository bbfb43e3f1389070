//! `revokd demo`

use std::{fs, net::SocketAddr, path::PathBuf, sync::Arc};

use anyhow::Context as _;
use jiff::SignedDuration;
use tokio::net::TcpListener;

use self::report::Report;
use super::{
    Exit, Output, assemble,
    output::print_json,
    progress,
    run::heed_signals,
    simulate::clouds::{Clouds, Huawei, OpenStack},
};
use crate::{
    config::types::{Config, Flavour},
    daemon::{self, Once, context::Context},
};

mod calls;
mod people;
mod report;
mod show;

/// More than the demo's world can give.
const ALL_TASKS: usize = 100_000;

/// Watch it work: two simulated clouds, the shipped policies, the real loops
///
/// Needs no cloud and no configuration, and ends by itself. Everything that it
/// wrote (configuration, store, metrics) stays in a directory that it names.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  revokd demo\n  revokd demo --serve --directory demo")]
pub struct Arguments {
    /// Leave the clouds and the daemon running until Ctrl-C.
    #[arg(long)]
    serve: bool,

    /// Where to put configuration and store; a new directory by default.
    #[arg(long, value_name = "DIRECTORY")]
    directory: Option<PathBuf>,

    /// For people or for programs.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

pub async fn main(arguments: &Arguments) -> anyhow::Result<Exit> {
    let directory = arguments.directory.clone().map_or_else(fresh_directory, Ok)?;
    let listen = if arguments.serve {
        "127.0.0.1:9469"
    } else {
        "127.0.0.1:0"
    };
    // Where somebody else has the address, the demo is not worth beginning.
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("listening on {listen}"))?;
    let clouds = start_clouds().await?;
    let config_file = clouds.write_configuration(&directory, listen)?;
    // A store of an earlier demo knows another world.
    for old in ["revokd.db", "revokd.db-wal", "revokd.db-shm"] {
        match fs::remove_file(directory.join(old)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).context("clearing the directory");
            }
            _ => {}
        }
    }
    let Some(loaded) = assemble::load_or_show(&config_file) else {
        return Ok(Exit::ConfigurationInvalid);
    };
    let context = assemble::context(&loaded.config)?;
    let once = work(&context, &loaded.config).await?;
    let metrics_file = directory.join("metrics.txt");
    fs::write(&metrics_file, context.metrics.render())?;
    let report = Report::of(
        &context,
        &clouds,
        &once,
        (&loaded.config, &config_file),
        metrics_file,
    )
    .await?;
    match arguments.output {
        Output::Json => print_json(&report)?,
        Output::Table => report.print(arguments.serve)?,
    }
    if arguments.serve {
        drop(context);
        serve(&loaded.config, listener).await?;
    }
    clouds.stop().await;
    Ok(if report.removed_undecided == 0 && report.audit_sound {
        Exit::Done
    } else {
        Exit::Failed
    })
}

async fn start_clouds() -> anyhow::Result<Clouds> {
    let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
    Ok(Clouds {
        openstack: Some(OpenStack::start_demo(anywhere).await?),
        huawei: Some(Huawei::start(Flavour::OpenTelekomCloud, anywhere, true).await?),
    })
}

/// New, with a name that nobody can foresee, and for its owner alone.
fn fresh_directory() -> anyhow::Result<PathBuf> {
    use std::os::unix::fs::DirBuilderExt;
    let random = getrandom::u32().map_err(|error| anyhow::anyhow!("asking for a random name: {error}"))?;
    let name = format!("revokd-demo-{random:08x}");
    let directory = std::env::temp_dir().join(name);
    fs::DirBuilder::new()
        .mode(0o700)
        .create(&directory)
        .with_context(|| format!("making {}", directory.display()))?;
    Ok(directory)
}

async fn work(context: &Arc<Context>, config: &Config) -> anyhow::Result<Once> {
    let policies = assemble::select(config, &[])?;
    let shown = progress::show(context.progress.clone());
    let once = daemon::once(
        context.clone(),
        &policies,
        SignedDuration::from_mins(5),
        config.daemon.stop_within,
    )
    .await;
    drop(shown);
    Ok(once?)
}

async fn serve(config: &Config, listener: TcpListener) -> anyhow::Result<()> {
    let context = assemble::context(config)?;
    let signals = tokio::spawn(heed_signals(context.clone(), None)?);
    let served = daemon::serve(context, listener, config.daemon.stop_within).await;
    signals.abort();
    Ok(served?)
}
