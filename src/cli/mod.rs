//! The command line: one file per command.

mod ask_daemon;
mod assemble;
mod audit;
mod check;
mod completions;
mod demo;
mod doctor;
pub mod exit;
mod explain;
mod gap;
mod init;
mod known_policy;
mod logging;
mod man;
mod output;
mod plan;
mod progress;
mod run;
mod runs;
mod schema;
mod simulate;
mod sources;
mod status;
mod target;
mod tasks;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::{CommandFactory, Parser, Subcommand};

use self::{exit::Exit, output::Output};

/// Takes access away when a policy says that it must end, and proves that it
/// is gone.
///
/// Policies are TOML files; `check` reads them, `plan` shows what they would
/// remove, `run` removes it. Nothing is removed by a policy that does not say
/// `mode = "enforce"` or whose run nobody allowed.
#[derive(Parser)]
#[command(name = "revokd", version, max_term_width = 100, after_help = EXAMPLES)]
struct Cli {
    /// The configuration; paths in it are relative to it.
    #[arg(
        long,
        global = true,
        help_heading = EVERYWHERE,
        value_name = "FILE",
        env = "REVOKD_CONFIG",
        default_value = "/etc/revokd/revokd.toml"
    )]
    config: PathBuf,

    /// What goes to the log on standard error: error, warn, info, debug, or a
    /// filter such as `revokd=debug`.
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "FILTER", env = "REVOKD_LOG")]
    log: Option<String>,

    /// How each line of the log is written. The journal of systemd gets the
    /// level of each line with it, and no time of its own.
    #[arg(
        long,
        global = true,
        help_heading = EVERYWHERE,
        value_enum,
        value_name = "FORMAT",
        env = "REVOKD_LOG_FORMAT",
        default_value_t
    )]
    log_format: logging::Format,

    #[command(subcommand)]
    command: Command,
}

/// Beside what a command takes itself.
const EVERYWHERE: &str = "Options of all commands";

const EXAMPLES: &str = "\
Examples:
  revokd demo                          watch it work on a simulated cloud
  revokd init                          be led to a configuration for a cloud
  revokd check                         read the configuration and all policies
  revokd doctor                        look for all that could keep it from its work
  revokd plan                          show what would be removed, and why
  revokd explain ann@example.org       show what a person holds, what will go, and why
  revokd sources test leavers          read a list of people, and show whom it means
  revokd run --once                    run every policy once and work off the queue
  revokd run                           the daemon
  revokd runs allow 17                 let a held run go on

Exit codes: 0 done, 1 failed, 2 usage, 3 configuration invalid, 4 held for an operator,
5 finished with dead tasks.";

#[derive(Subcommand)]
enum Command {
    Init(Box<init::Arguments>),
    Check(check::Arguments),
    Plan(plan::Arguments),
    Explain(explain::Arguments),
    Run(run::Arguments),
    Status(status::Arguments),
    Sources(sources::Arguments),
    Runs(runs::Arguments),
    Tasks(tasks::Arguments),
    Audit(audit::Arguments),
    Demo(demo::Arguments),
    Doctor(doctor::Arguments),
    Simulate(simulate::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
    Schema(schema::Arguments),
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let daemon = matches!(&cli.command, Command::Run(arguments) if arguments.is_daemon());
    if let Err(error) = logging::start(cli.log.as_deref(), cli.log_format, daemon) {
        output::print_error(&error);
        return ExitCode::from(Exit::Usage.code());
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::print_error(&anyhow::Error::from(error).context("starting the runtime"));
            return ExitCode::from(Exit::Failed.code());
        }
    };
    let exit = runtime.block_on(dispatch(cli)).unwrap_or_else(|error| {
        output::print_error(&error);
        Exit::Failed
    });
    // What is still read from a disk that hangs is nobody's any more.
    runtime.shutdown_timeout(Duration::from_secs(1));
    ExitCode::from(exit.code())
}

async fn dispatch(cli: Cli) -> anyhow::Result<Exit> {
    let config = &cli.config;
    match cli.command {
        Command::Init(arguments) => init::main(config, &arguments).await,
        Command::Check(arguments) => check::main(config, &arguments),
        Command::Plan(arguments) => plan::main(config, &arguments).await,
        Command::Explain(arguments) => explain::main(config, &arguments).await,
        Command::Run(arguments) => run::main(config, &arguments).await,
        Command::Sources(arguments) => sources::main(config, arguments).await,
        Command::Status(arguments) => status::main(config, &arguments).await,
        Command::Runs(arguments) => runs::main(config, arguments).await,
        Command::Tasks(arguments) => tasks::main(config, arguments).await,
        Command::Audit(arguments) => audit::main(config, arguments).await,
        Command::Doctor(arguments) => doctor::main(config, &arguments).await,
        Command::Demo(arguments) => demo::main(&arguments).await,
        Command::Simulate(arguments) => simulate::main(&arguments).await,
        Command::Completions(arguments) => completions::main(&arguments, Cli::command()),
        Command::Man(arguments) => man::main(&arguments, Cli::command()),
        Command::Schema(arguments) => schema::main(&arguments),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    /// Each with the words that lead to it.
    fn commands(above: &str, command: &clap::Command, found: &mut Vec<(String, clap::Command)>) {
        let name = format!("{above}{}", command.get_name());
        for below in command.get_subcommands() {
            commands(&format!("{name} "), below, found);
        }
        found.push((name, command.clone()));
    }

    fn all() -> Vec<(String, clap::Command)> {
        let mut found = Vec::new();
        commands("", &Cli::command(), &mut found);
        assert!(found.len() > 25, "{}", found.len());
        found
    }

    #[test]
    fn every_argument_of_every_command_says_what_it_is_for() {
        for (name, command) in all() {
            for argument in command.get_arguments() {
                let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
                let id = argument.get_id();
                let is_sentence = help.starts_with(char::is_uppercase) && help.contains(' ');
                assert!(is_sentence, "{name}, {id}: {help:?}");
            }
        }
    }

    #[test]
    fn every_command_shows_an_example_of_itself() {
        for (name, mut command) in all() {
            let help = command.render_long_help().to_string();
            let examples = help.split_once("\nExamples:\n").map(|(_, examples)| examples);
            let examples = examples.and_then(|examples| examples.split("\n\n").next());
            let mut lines = examples.unwrap_or_default().lines();
            let shown = lines.any(|line| line.trim().starts_with(&name));
            assert!(shown, "{name}:\n{help}");
        }
    }
}
