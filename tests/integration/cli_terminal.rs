//! Somebody at a real terminal, who is asked for a secret.

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Read, Write},
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Child, Command, ExitStatus},
};

use rustix::{
    process::{Pid, Signal, kill_process},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{LocalModes, tcgetattr},
};
use tempfile::TempDir;

use crate::cli_folder::revokd;

const SECRET: &str = "typed-by-nobody-else";

/// `init` at a terminal of its own, up to the question for the secret.
struct Asked {
    folder: TempDir,
    ours: File,
    /// Kept open, or the terminal would forget its modes with the program's end.
    theirs: File,
    modes_before: String,
    child: Child,
    shown: String,
}

impl Asked {
    fn new() -> Asked {
        let ours =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a terminal");
        grantpt(&ours).expect("our terminal");
        unlockpt(&ours).expect("our terminal");
        let name = ptsname(&ours, Vec::new()).expect("a name");
        let theirs = OpenOptions::new()
            .read(true)
            .write(true)
            .open(name.to_str().expect("a path"))
            .expect("the other side");
        let folder = tempfile::tempdir().expect("a directory");
        let modes_before = modes(&theirs);
        let child = init_at(&theirs, &folder.path().join("revokd.toml"));
        let mut asked = Asked {
            folder,
            ours: File::from(ours),
            modes_before,
            theirs,
            child,
            shown: String::new(),
        };
        asked.read_until("(not shown): ");
        asked
    }

    fn type_in(&mut self, text: &str) {
        self.ours.write_all(text.as_bytes()).expect("somebody reads");
    }

    #[track_caller]
    fn read_until(&mut self, words: &str) {
        while !self.shown.contains(words) {
            let more = read(&mut self.ours);
            let more = more.unwrap_or_else(|| panic!("{words:?} is never shown:\n{}", self.shown));
            self.shown.push_str(&more);
        }
    }

    /// Waits for the end of the program: how it ended, all that was shown, and
    /// the folder of the configuration.
    #[track_caller]
    fn end(self) -> (ExitStatus, String, TempDir) {
        let Asked {
            folder,
            mut ours,
            theirs,
            modes_before,
            mut child,
            mut shown,
        } = self;
        let status = child.wait().expect("a child of ours");
        assert_eq!(modes(&theirs), modes_before, "the terminal is as it was");
        drop(theirs);
        while let Some(more) = read(&mut ours) {
            shown.push_str(&more);
        }
        assert!(!shown.contains(SECRET), "{shown}");
        (status, shown, folder)
    }
}

/// A terminal signals those of its own session alone, which `setsid` makes.
fn init_at(terminal: &File, config: &Path) -> Child {
    let program = revokd(&[]);
    let side = || terminal.try_clone().expect("a handle");
    let mut command = Command::new("/usr/bin/setsid");
    command
        .arg("--ctty")
        .arg(program.get_program())
        .args(["init", "prod", "--provider=openstack", "--no-test"])
        .args(["--auth-url=http://127.0.0.1:1/v3", "--region=RegionOne"])
        .args(["--user=revokd", "--user-domain=Default"])
        .args(["--project=images", "--project-domain=Default"])
        .arg("--config")
        .arg(config)
        .env_clear()
        .env("TERM", "xterm")
        .stdin(side())
        .stdout(side())
        .stderr(side());
    command.spawn().expect("setsid of util-linux")
}

/// `None` once nobody has the terminal open any more.
fn read(terminal: &mut File) -> Option<String> {
    let mut bytes = [0; 4096];
    match terminal.read(&mut bytes) {
        Ok(0) => None,
        Ok(length) => Some(String::from_utf8_lossy(&bytes[..length]).into_owned()),
        Err(error) if error.kind() == ErrorKind::Interrupted => Some(String::new()),
        Err(_) => None,
    }
}

/// All that `stty -a` tells.
fn modes(terminal: &File) -> String {
    format!("{:?}", tcgetattr(terminal).expect("the modes of a terminal"))
}

fn is_echoing(terminal: &File) -> bool {
    let modes = tcgetattr(terminal).expect("the modes of a terminal");
    modes.local_modes.contains(LocalModes::ECHO)
}

#[test]
fn a_secret_is_hidden_from_the_first_moment_at_which_it_is_asked_for() {
    let mut asked = Asked::new();
    assert!(!is_echoing(&asked.theirs), "before the question is shown");
    asked.type_in(&format!("{SECRET}\n"));
    asked.read_until("Write this? [Y/n] ");
    assert!(is_echoing(&asked.theirs), "what is no secret is shown");
    asked.type_in("y\n");
    let (status, shown, folder) = asked.end();
    assert!(status.success(), "{status}\n{shown}");
    assert!(shown.contains("Write this? [Y/n] y"), "{shown}");
    let kept = fs::read_to_string(folder.path().join("secrets/prod-password")).expect("a secret");
    assert_eq!(kept, format!("{SECRET}\n"));
}

#[test]
fn answers_that_are_pasted_at_once_answer_one_question_each() {
    let mut asked = Asked::new();
    asked.type_in(&format!("\n{SECRET}\nno\n"));
    let (status, shown, folder) = asked.end();
    assert_eq!(status.code(), Some(1), "{shown}");
    assert!(shown.contains("nothing was written"), "{shown}");
    assert!(!folder.path().join("secrets").exists());
}

#[test]
fn whoever_interrupts_the_question_gets_the_terminal_as_it_was() {
    let mut asked = Asked::new();
    asked.type_in(&format!("{SECRET}\u{3}"));
    let (status, shown, folder) = asked.end();
    // By the signal itself: a script goes by that.
    assert_eq!(status.signal(), Some(Signal::INT.as_raw()), "{status}\n{shown}");
    assert!(!folder.path().join("revokd.toml").exists());
}

#[test]
fn whoever_ends_the_program_gets_the_terminal_as_it_was() {
    for signal in [Signal::TERM, Signal::HUP, Signal::QUIT] {
        let asked = Asked::new();
        kill_process(Pid::from_child(&asked.child), signal).expect("a child of ours");
        let (status, shown, _) = asked.end();
        assert_eq!(status.signal(), Some(signal.as_raw()), "{status}\n{shown}");
    }
}

#[test]
fn an_end_of_input_is_no_secret() {
    let mut asked = Asked::new();
    asked.type_in("\u{4}");
    let (status, shown, _) = asked.end();
    assert_eq!(status.code(), Some(1), "{shown}");
    assert!(shown.contains("the answers ended"), "{shown}");
}
