//! The real binary, in a process of its own.

use std::{
    io::Read,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::stage::Stage;

const PATIENCE: Duration = Duration::from_secs(60);

/// A running process; killed when dropped.
pub struct Process {
    child: Child,
    stdout: Stream,
    stderr: Stream,
    written: Arc<Mutex<String>>,
}

/// What a process left behind.
#[derive(Debug)]
pub struct Ran {
    /// `None` where a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

struct Stream {
    text: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Stage {
    /// Runs `revokd` with the stage's configuration, to its end.
    pub async fn command(&self, arguments: &[&str]) -> Ran {
        self.spawn(arguments).ended().await
    }

    /// Starts `revokd` with the stage's configuration.
    pub fn spawn(&self, arguments: &[&str]) -> Process {
        let config = self.path("revokd.toml");
        let mut command = Command::new(env!("CARGO_BIN_EXE_revokd"));
        command
            .env_clear()
            .envs([("NO_COLOR", "1"), ("USER", "tester")])
            .current_dir(self.directory.path())
            .arg("--config")
            .arg(config)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("starting revokd");
        Process {
            stdout: Stream::of(child.stdout.take().expect("a pipe")),
            stderr: Stream::of(child.stderr.take().expect("a pipe")),
            child,
            written: self.written.clone(),
        }
    }
}

impl Process {
    pub fn stderr(&self) -> String {
        self.stderr.so_far()
    }

    pub fn stdout(&self) -> String {
        self.stdout.so_far()
    }

    /// Waits until the log holds this text.
    pub async fn logged(&mut self, text: &str) {
        let stderr = self.stderr.text.clone();
        self.until(&format!("it logs {text:?}"), || locked(&stderr).contains(text))
            .await;
    }

    /// Waits until the condition holds; the process must live so long.
    pub async fn until(&mut self, what: &str, mut condition: impl FnMut() -> bool) {
        let began = Instant::now();
        while !condition() {
            let ended = self.child.try_wait().expect("asking for a child");
            assert!(
                (ended.is_none() || condition()) && began.elapsed() < PATIENCE,
                "waited in vain until {what}; ended: {ended:?}\n{}\n{}",
                self.stdout(),
                self.stderr()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The address of `/metrics`, from the line that says that it is ready.
    pub async fn address(&mut self) -> String {
        self.logged("is ready").await;
        let log = self.stderr();
        let after = log.split("127.0.0.1:").nth(1).expect("an address in the log");
        let port: String = after.chars().take_while(char::is_ascii_digit).collect();
        format!("http://127.0.0.1:{port}")
    }

    /// Sends a signal by its name: `TERM`, `HUP`, `INT`, `STOP`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args(["-s", name, &self.child.id().to_string()])
            .status();
        assert!(sent.expect("running kill").success(), "sending {name}");
    }

    /// As `kill -9` does.
    pub async fn kill(mut self) -> Ran {
        self.child.kill().expect("killing a child");
        self.ended().await
    }

    /// Waits for its end.
    pub async fn ended(mut self) -> Ran {
        let began = Instant::now();
        let status: ExitStatus = loop {
            if let Some(status) = self.child.try_wait().expect("asking for a child") {
                break status;
            }
            assert!(began.elapsed() < PATIENCE, "it does not end\n{}", self.stderr());
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        let ran = Ran {
            code: status.code(),
            stdout: self.stdout.whole(),
            stderr: self.stderr.whole(),
        };
        Stage::write_down(&self.written, &ran.stdout);
        Stage::write_down(&self.written, &ran.stderr);
        ran
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended long ago, which is as good.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Ran {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Stream {
    fn of(mut pipe: impl Read + Send + 'static) -> Stream {
        let text: Arc<Mutex<String>> = Arc::default();
        let into = text.clone();
        let reader = thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = pipe.read(&mut bytes) {
                locked(&into).push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        });
        Stream {
            text,
            reader: Some(reader),
        }
    }

    fn so_far(&self) -> String {
        locked(&self.text).clone()
    }

    /// Only once the process has ended.
    fn whole(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            reader.join().expect("a reader does not panic");
        }
        self.so_far()
    }
}

fn locked(text: &Mutex<String>) -> std::sync::MutexGuard<'_, String> {
    text.lock().unwrap_or_else(PoisonError::into_inner)
}
