//! A question at a terminal whose answer is not shown: the echo ends before the
//! question is there, so that nothing which answers it is ever shown, and it is
//! back however the question ends.

use std::{
    io,
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
};

use anyhow::{Context as _, bail};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
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

/// The terminal of the process. Whoever changes its modes holds it until they
/// are changed, and a signal does so until the process has ended.
static TERMINAL: Mutex<Terminal> = Mutex::new(Terminal {
    before: None,
    is_watched: false,
});

struct Terminal {
    /// How it was, for as long as it shows nothing of what is typed.
    before: Option<Termios>,
    /// Whether signals put it back. Once is enough for all questions, and their
    /// handlers are never taken away again: nothing puts the ones before them
    /// back, and a signal would do nothing at all.
    is_watched: bool,
}

impl Terminal {
    fn taken() -> MutexGuard<'static, Terminal> {
        TERMINAL.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn restore(&mut self) {
        if let Some(shown) = self.before.take() {
            // Nothing is left to do for a terminal that is not there any more.
            tcsetattr(io::stdin(), OptionalActions::Now, &shown).unwrap_or_default();
        }
    }
}

struct Hidden;

impl Hidden {
    fn begin() -> io::Result<Hidden> {
        let mut terminal = Terminal::taken();
        if !terminal.is_watched {
            restore_at_signals()?;
            terminal.is_watched = true;
        }
        let shown = tcgetattr(io::stdin())?;
        let mut modes = shown.clone();
        modes.local_modes.remove(LocalModes::ECHO);
        // The end of the line is shown, or what follows would stand behind the question.
        modes.local_modes.insert(LocalModes::ECHONL);
        // A shell that takes the terminal over from who is stopped shows what is
        // typed, and goes on to do so once the question is in front again.
        modes.special_codes[SpecialCodeIndex::VSUSP] = NO_KEY;
        terminal.before = Some(shown);
        // From here on it is put back, also where only some of it was taken over.
        let hidden = Hidden;
        let set = tcsetattr(io::stdin(), OptionalActions::Now, &modes);
        drop(terminal);
        set?;
        Ok(hidden)
    }
}

/// A special code that no key gives (`_POSIX_VDISABLE`).
const NO_KEY: u8 = 0;

impl Drop for Hidden {
    fn drop(&mut self) {
        Terminal::taken().restore();
    }
}

/// A shell that runs a script leaves the terminal as it finds it. The process
/// ends by the signal itself, which tells that script to end as well.
fn restore_at_signals() -> io::Result<()> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM])?;
    let ending = move || {
        for signal in signals.forever() {
            // Held until the end, or a question that begins now would hide what
            // is typed after the process.
            let mut terminal = Terminal::taken();
            terminal.restore();
            drop(emulate_default_handler(signal));
        }
    };
    thread::Builder::new()
        .name("terminal".to_owned())
        .spawn(ending)
        .map(drop)
}
