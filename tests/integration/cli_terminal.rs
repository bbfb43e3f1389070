//! Somebody at a real terminal, who is asked for a secret.

use std::{
    fs::{self, File, OpenOptions},
    io::{Read, Write},
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Child, Command, ExitStatus},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, Signal, kill_process},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{LocalModes, SpecialCodeIndex, tcgetattr},
};
use tempfile::TempDir;

use crate::cli_folder::revokd;

const SECRET: &str = "typed-by-nobody-else";

/// What is not shown within that time never is.
const PATIENCE: Duration = Duration::from_secs(60);

/// Also how soon it is noticed that the program has ended: nothing else tells,
/// as long as the other side of the terminal is open here.
const LOOKED_AT_EVERY: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 50_000_000,
};

const INIT: [&str; 9] = [
    "init",
    "prod",
    "--provider=openstack",
    "--no-test",
    "--auth-url=http://127.0.0.1:1/v3",
    "--region=RegionOne",
    "--user=revokd",
    "--user-domain=Default",
    "--project=images",
];

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
    #[track_caller]
    fn new() -> Asked {
        Asked::by(&[INIT.as_slice(), &["--project-domain=Default"]].concat())
    }

    #[track_caller]
    fn by(arguments: &[&str]) -> Asked {
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
        let child = revokd_at(&theirs, arguments, &folder.path().join("revokd.toml"));
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
        let ended = self.read_while(&format!("{words:?} is shown"), |shown| !shown.contains(words));
        if let Some(status) = ended {
            panic!("{words:?} is never shown ({status}):\n{}", self.shown);
        }
    }

    /// Until it holds no longer, or the program has ended and all was read.
    #[track_caller]
    fn read_while(&mut self, awaited: &str, goes_on: impl Fn(&str) -> bool) -> Option<ExitStatus> {
        let deadline = Instant::now() + PATIENCE;
        while goes_on(&self.shown) {
            let ended = self.child.try_wait().expect("a child of ours");
            if self.read_some() {
                continue;
            }
            if let Some(status) = ended {
                return Some(status);
            }
            if Instant::now() > deadline {
                self.child.kill().expect("a child of ours");
                panic!("waiting until {awaited}: it never comes to it:\n{}", self.shown);
            }
        }
        None
    }

    /// Whether something came.
    fn read_some(&mut self) -> bool {
        let mut waiting = [PollFd::new(&self.ours, PollFlags::IN)];
        if !poll(&mut waiting, Some(&LOOKED_AT_EVERY)).is_ok_and(|ready| ready > 0) {
            return false;
        }
        let mut bytes = [0; 4096];
        let length = self.ours.read(&mut bytes).expect("the other side is open");
        self.shown.push_str(&String::from_utf8_lossy(&bytes[..length]));
        length > 0
    }

    /// Waits for the end of the program: how it ended, all that was shown, and
    /// the folder of the configuration.
    #[track_caller]
    fn end(mut self) -> (ExitStatus, String, TempDir) {
        let status = self.read_while("the program ends", |_| true);
        let status = status.expect("nothing else ends the reading");
        assert_eq!(
            modes(&self.theirs),
            self.modes_before,
            "the terminal is as it was"
        );
        assert!(!self.shown.contains(SECRET), "{}", self.shown);
        (status, self.shown, self.folder)
    }
}

/// A terminal signals those of its own session alone, which `setsid` makes.
fn revokd_at(terminal: &File, arguments: &[&str], config: &Path) -> Child {
    let program = revokd(&[]);
    let side = || terminal.try_clone().expect("a handle");
    let mut command = Command::new("/usr/bin/setsid");
    command
        .arg("--ctty")
        .arg(program.get_program())
        .args(arguments)
        .arg("--config")
        .arg(config)
        .env_clear()
        .env("TERM", "xterm")
        .stdin(side())
        .stdout(side())
        .stderr(side());
    command.spawn().expect("setsid of util-linux")
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

#[test]
fn the_key_that_stops_a_program_does_nothing_while_a_secret_is_typed() {
    let mut asked = Asked::new();
    let stopping = |terminal: &File| {
        let modes = tcgetattr(terminal).expect("the modes of a terminal");
        modes.special_codes[SpecialCodeIndex::VSUSP]
    };
    assert_eq!(stopping(&asked.theirs), 0, "no key");
    asked.type_in(&format!("{SECRET}\n"));
    asked.read_until("Write this? [Y/n] ");
    assert_eq!(stopping(&asked.theirs), 0x1a, "Ctrl-Z");
    asked.type_in("n\n");
    let (status, shown, _) = asked.end();
    assert_eq!(status.code(), Some(1), "{shown}");
}

#[test]
fn a_question_that_is_asked_again_and_again_is_watched_by_one_thread() {
    let mut asked = Asked::new();
    for times in 2..=4 {
        asked.type_in("\n");
        asked.read_while(&format!("it asks {times} times"), |shown| {
            shown.matches("(not shown): ").count() < times
        });
    }
    let threads = fs::read_dir(format!("/proc/{}/task", asked.child.id())).expect("a process of ours");
    let names = threads.map(|thread| {
        let name = thread.expect("a thread").path().join("comm");
        fs::read_to_string(name).expect("its name")
    });
    assert_eq!(names.filter(|name| name == "terminal\n").count(), 1);
    asked.type_in("\u{3}");
    let (status, shown, _) = asked.end();
    assert_eq!(status.signal(), Some(Signal::INT.as_raw()), "{status}\n{shown}");
}

#[test]
#[should_panic(expected = "cannot be used multiple times")]
fn a_program_that_ends_before_it_asks_fails_the_test_with_what_it_told() {
    Asked::by(&[INIT.as_slice(), &["--project=again"]].concat());
}
