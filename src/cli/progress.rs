//! What long work shows while it goes on: a line that changes on a terminal,
//! now and then a plain line elsewhere.

use std::{
    io::{self, IsTerminal},
    sync::Arc,
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinHandle;

use super::output;
use crate::{
    daemon::progress::{Ended, Progress},
    providers::Progress as Collected,
};

const REDRAW: Duration = Duration::from_millis(100);
const PLAIN_LINE_EVERY: Duration = Duration::from_secs(5);

/// Shows progress until it is dropped.
pub struct Shown {
    task: JoinHandle<()>,
    bar: Option<ProgressBar>,
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.task.abort();
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

pub fn show(progress: Arc<Progress>) -> Shown {
    if io::stderr().is_terminal() {
        let style = ProgressStyle::with_template("{spinner} {elapsed} {msg}").expect("a good template");
        let bar = ProgressBar::new_spinner().with_style(style);
        let task = tokio::spawn(redraw(progress, bar.clone()));
        return Shown { task, bar: Some(bar) };
    }
    Shown {
        task: tokio::spawn(plain_lines(progress)),
        bar: None,
    }
}

async fn redraw(progress: Arc<Progress>, bar: ProgressBar) {
    loop {
        bar.set_message(sentence(&progress));
        bar.tick();
        tokio::time::sleep(REDRAW).await;
    }
}

async fn plain_lines(progress: Arc<Progress>) {
    let mut last = String::new();
    loop {
        tokio::time::sleep(PLAIN_LINE_EVERY).await;
        let line = sentence(&progress);
        if line != last {
            output::tell(&format!("{line}\n"));
            last = line;
        }
    }
}

fn sentence(progress: &Progress) -> String {
    let seen = seen(&progress.collected());
    let ended = progress.ended();
    if ended == Ended::default() {
        return seen;
    }
    let Ended {
        done,
        dead,
        cancelled,
        again,
    } = ended;
    format!(
        "{seen}; {done} removed and seen gone, {again} tries to be repeated, {cancelled} cancelled, {dead} given up"
    )
}

/// Images, repositories or both, and the lists that belong to them.
fn seen(collected: &Collected) -> String {
    let mut parts = Vec::new();
    if collected.images > 0 || collected.repositories == 0 {
        parts.push(format!("{} images", collected.images));
    }
    if let Some(expected) = collected.member_lists_expected {
        parts.push(format!("{} of {expected} member lists", collected.member_lists));
    }
    if collected.repositories > 0 {
        parts.push(format!("{} repositories", collected.repositories));
    }
    if let Some(expected) = collected.access_lists_expected {
        parts.push(format!("{} of {expected} access lists", collected.access_lists));
    }
    format!("read {}", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_collected_is_spoken_of() {
        assert_eq!(seen(&Collected::default()), "read 0 images");
        let images = Collected {
            images: 7,
            member_lists: 1,
            member_lists_expected: Some(3),
            ..Collected::default()
        };
        assert_eq!(seen(&images), "read 7 images, 1 of 3 member lists");
        let repositories = Collected {
            repositories: 5,
            access_lists: 2,
            access_lists_expected: Some(9),
            ..Collected::default()
        };
        assert_eq!(seen(&repositories), "read 5 repositories, 2 of 9 access lists");
    }
}
