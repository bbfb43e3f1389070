//! What is being looked at, for somebody who waits before a terminal.

use std::{
    io::{self, IsTerminal},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};

const REDRAW: Duration = Duration::from_millis(100);

/// Shows progress until it is dropped; nothing where nobody watches.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub fn start() -> Progress {
        if !io::stderr().is_terminal() {
            let bar = ProgressBar::hidden();
            return Progress { bar };
        }
        let style = ProgressStyle::with_template("{spinner} {elapsed} {msg}").expect("a good template");
        let bar = ProgressBar::new_spinner().with_style(style);
        bar.enable_steady_tick(REDRAW);
        Progress { bar }
    }

    pub fn step(&self, what: &str) {
        self.bar.set_message(format!("looking at {what}"));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
