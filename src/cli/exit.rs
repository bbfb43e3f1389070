//! What the process tells the shell. Documented in docs/operations.md; a test
//! holds the two against each other.

/// How a command ended. Where several hold, the first of this list is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Usage: the command line means nothing. Told by the parser itself.
    Usage = 2,
    /// The configuration or a policy is invalid; nothing was done.
    ConfigurationInvalid = 3,
    /// Something failed or could not be seen; what is printed says what.
    Failed = 1,
    /// Everything was tried, and some tasks were given up (`tasks list`).
    DeadTasks = 5,
    /// Something waits for an operator (`runs list --state held`).
    Held = 4,
    Done = 0,
}

impl Exit {
    pub const ALL: [Exit; 6] = [
        Exit::Done,
        Exit::Failed,
        Exit::Usage,
        Exit::ConfigurationInvalid,
        Exit::Held,
        Exit::DeadTasks,
    ];

    pub fn code(self) -> u8 {
        self as u8
    }
}
