//! A question at a terminal whose answer is not shown: the echo ends before the
//! question is there, so that nothing which answers it is ever shown, and it is
//! back however the question ends.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use anyhow::{Context as _, bail};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use secrecy::{SecretString, zeroize::Zeroizing};
use signal_hook::{
    consts::signal::{SIGHUP, SIGINT, SIGQUIT, SIGTERM},
    iterator::Signals,
    low_level::emulate_default_handler,
};

use crate::cli::output;

/// Asks on standard error and reads one line of standard input, both a
/// terminal. The line is without its newline and may be empty.
///
/// # Errors
/// Standard input ended, or is no terminal whose echo can be turned off.
pub fn ask(question: &str) -> anyhow::Result<SecretString> {
    let hidden = Hidden::begin().context("hiding what is typed")?;
    output::tell(question);
    let mut typed = Zeroizing::new(String::new());
    let length = io::stdin().read_line(&mut typed).context("reading the secret")?;
    drop(hidden);
    if length == 0 {
        output::tell("\n");
        bail!("the answers ended; nothing was written");
    }
    let secret = typed.strip_suffix('\n').unwrap_or(&typed);
    Ok(SecretString::from(secret.strip_suffix('\r').unwrap_or(secret)))
}

/// How the terminal was, for as long as it shows nothing of what is typed.
type Before = Arc<Mutex<Option<Termios>>>;

struct Hidden(Before);

impl Hidden {
    fn begin() -> io::Result<Hidden> {
        let shown = tcgetattr(io::stdin())?;
        let before: Before = Arc::new(Mutex::new(Some(shown.clone())));
        restore_at_signals(before.clone())?;
        let hidden = Hidden(before);
        let mut modes = shown;
        modes.local_modes.remove(LocalModes::ECHO);
        // The end of the line is shown, or what follows would stand behind the question.
        modes.local_modes.insert(LocalModes::ECHONL);
        tcsetattr(io::stdin(), OptionalActions::Now, &modes)?;
        Ok(hidden)
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        restore(&self.0);
    }
}

fn restore(before: &Before) {
    let mut before = before.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(shown) = before.take() {
        // Nothing is left to do for a terminal that is not there any more.
        tcsetattr(io::stdin(), OptionalActions::Now, &shown).unwrap_or_default();
    }
}

/// A shell that runs a script leaves the terminal as it finds it. The process
/// ends by the signal itself, which tells that script to end as well; the
/// handlers stay until then, since nothing puts the ones before them back.
fn restore_at_signals(before: Before) -> io::Result<()> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM])?;
    let ending = move || {
        for signal in signals.forever() {
            restore(&before);
            drop(emulate_default_handler(signal));
        }
    };
    thread::Builder::new()
        .name("terminal".to_owned())
        .spawn(ending)
        .map(drop)
}
