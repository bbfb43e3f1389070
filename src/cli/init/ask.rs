//! Asking: on a terminal, or nobody at all. What is asked is a flag as well, so
//! that whoever cannot be asked is told which one is missing.

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::{Context as _, bail};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use super::hidden;
use crate::cli::output;

/// The command line does not say enough, or says what cannot be.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct Usage(pub String);

pub struct Question<'a> {
    /// What answers it on the command line.
    pub flag: &'a str,
    pub text: &'a str,
    /// What holds if nothing is said; an empty text where it may be left out.
    pub default: Option<&'a str>,
    pub check: fn(&str) -> Result<(), String>,
}

pub trait Ask {
    fn text(&mut self, question: &Question<'_>) -> anyhow::Result<String>;

    /// The place of the chosen one.
    fn choice(&mut self, flag: &str, text: &str, options: &[&str]) -> anyhow::Result<usize>;

    /// What is typed is not shown.
    fn secret(&mut self, flag: &str, text: &str) -> anyhow::Result<SecretString>;

    /// `default` is what holds where nobody can be asked.
    fn confirm(&mut self, text: &str, default: bool) -> anyhow::Result<bool>;

    /// What somebody has to say yes to: silence is a no, and where nobody can
    /// be asked the flag has to say it.
    fn consent(&mut self, flag: &str, text: &str) -> anyhow::Result<bool>;
}

/// Whether somebody is there to be asked.
pub fn somebody_is_there() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Nobody is there.
pub struct Nobody;

impl Ask for Nobody {
    fn text(&mut self, question: &Question<'_>) -> anyhow::Result<String> {
        match question.default {
            Some(default) => Ok(default.to_owned()),
            None => missing(question.flag, question.text),
        }
    }

    fn choice(&mut self, flag: &str, text: &str, _: &[&str]) -> anyhow::Result<usize> {
        missing(flag, text)
    }

    fn secret(&mut self, flag: &str, text: &str) -> anyhow::Result<SecretString> {
        missing(flag, text)
    }

    fn confirm(&mut self, _: &str, default: bool) -> anyhow::Result<bool> {
        Ok(default)
    }

    fn consent(&mut self, flag: &str, text: &str) -> anyhow::Result<bool> {
        missing(flag, text)
    }
}

fn missing<T>(flag: &str, text: &str) -> anyhow::Result<T> {
    let message = format!("{flag} is missing, and nobody can be asked here: {text}");
    Err(Usage(message).into())
}

/// Somebody at a terminal. Questions go to standard error, so that standard
/// output holds results alone.
pub struct Terminal;

impl Ask for Terminal {
    fn text(&mut self, question: &Question<'_>) -> anyhow::Result<String> {
        let shown = match question.default {
            None => String::new(),
            Some("") => " [none]".to_owned(),
            Some(default) => format!(" [{default}]"),
        };
        loop {
            let answer = line(&format!("{}{shown}: ", question.text))?;
            let answer = match (answer.as_str(), question.default) {
                ("", Some("")) => return Ok(String::new()),
                ("", Some(default)) => default.to_owned(),
                ("", None) => continue,
                _ => answer,
            };
            match (question.check)(&answer) {
                Ok(()) => return Ok(answer),
                Err(reason) => output::tell(&format!("  {reason}\n")),
            }
        }
    }

    fn choice(&mut self, _: &str, text: &str, options: &[&str]) -> anyhow::Result<usize> {
        output::tell(&format!("{text}\n"));
        for (number, option) in options.iter().enumerate() {
            output::tell(&format!("  {}  {option}\n", number + 1));
        }
        loop {
            let answer = line(&format!("1 to {}: ", options.len()))?;
            match answer.parse::<usize>() {
                Ok(number) if (1..=options.len()).contains(&number) => return Ok(number - 1),
                _ => output::tell("  please type one of the numbers\n"),
            }
        }
    }

    fn secret(&mut self, _: &str, text: &str) -> anyhow::Result<SecretString> {
        loop {
            let typed = hidden::ask(&format!("{text} (not shown): "))?;
            if !typed.expose_secret().is_empty() {
                return Ok(typed);
            }
        }
    }

    fn confirm(&mut self, text: &str, default: bool) -> anyhow::Result<bool> {
        let shown = if default { "[Y/n]" } else { "[y/N]" };
        loop {
            match line(&format!("{text} {shown} "))?.to_lowercase().as_str() {
                "" => return Ok(default),
                "y" | "yes" => return Ok(true),
                "n" | "no" => return Ok(false),
                _ => {}
            }
        }
    }

    fn consent(&mut self, _: &str, text: &str) -> anyhow::Result<bool> {
        self.confirm(text, false)
    }
}

fn line(prompt: &str) -> anyhow::Result<String> {
    output::tell(prompt);
    io::stderr().flush()?;
    let mut answer = String::new();
    if io::stdin()
        .lock()
        .read_line(&mut answer)
        .context("reading the answer")?
        == 0
    {
        output::tell("\n");
        bail!("the answers ended; nothing was written");
    }
    Ok(answer.trim().to_owned())
}
