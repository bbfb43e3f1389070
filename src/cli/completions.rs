//! `revokd completions`

use clap::{Command, ValueEnum};

use super::{Exit, output::print_text};

/// Print what a shell needs to complete command lines
///
/// The package installs it for all users; these commands are for a binary that
/// came otherwise.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  revokd completions bash > /usr/share/bash-completion/completions/revokd
  revokd completions zsh > /usr/share/zsh/vendor-completions/_revokd
  revokd completions fish > /usr/share/fish/vendor_completions.d/revokd.fish

For one user: ~/.local/share/bash-completion/completions/revokd,
~/.config/fish/completions/revokd.fish, or a file _revokd in a directory of zsh's fpath.")]
pub struct Arguments {
    /// Which one.
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

pub fn main(arguments: &Arguments, command: Command) -> anyhow::Result<Exit> {
    print_text(&script(arguments.shell, command))?;
    Ok(Exit::Done)
}

fn script(shell: Shell, mut command: Command) -> Vec<u8> {
    let generator = match shell {
        Shell::Bash => clap_complete::Shell::Bash,
        Shell::Zsh => clap_complete::Shell::Zsh,
        Shell::Fish => clap_complete::Shell::Fish,
    };
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(generator, &mut command, name, &mut script);
    script
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn every_shell_is_told_of_every_command_and_option() {
        let words = words_of(&Cli::command());
        assert!(words.iter().any(|word| word == "reject") && words.len() > 30);
        for shell in Shell::value_variants() {
            let script = String::from_utf8(script(*shell, Cli::command())).unwrap();
            for word in &words {
                assert!(script.contains(word), "{shell:?} lacks {word}");
            }
        }
    }

    /// Names of commands and long options.
    fn words_of(command: &Command) -> Vec<String> {
        let options = command.get_arguments().filter_map(|option| option.get_long());
        let mut words: Vec<String> = options.map(str::to_owned).collect();
        for below in command.get_subcommands() {
            words.push(below.get_name().to_owned());
            words.extend(words_of(below));
        }
        words
    }
}
