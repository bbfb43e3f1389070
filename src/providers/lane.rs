//! In which of the two lanes a call to a cloud stands in line.
//!
//! A look or a removal becomes several requests, deep below two traits that
//! know nothing of priorities, so the lane goes with the task that polls them
//! and not through every signature. It holds for all that is polled within the
//! future, however many calls are joined in it; what is spawned would start in
//! the normal lane, so no provider spawns its calls: a test reads the sources.

use crate::model::Priority;

tokio::task_local! {
    static LANE: Priority;
}

/// Makes all calls of the future in this lane.
pub async fn within<F: Future>(lane: Priority, calls: F) -> F::Output {
    LANE.scope(lane, calls).await
}

/// Makes all calls of the future in the urgent lane.
pub async fn urgent<F: Future>(calls: F) -> F::Output {
    within(Priority::Urgent, calls).await
}

/// The lane of whoever asks; the normal one where nothing was said.
pub(super) fn current() -> Priority {
    LANE.try_with(|lane| *lane).unwrap_or(Priority::Normal)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    #[tokio::test]
    async fn all_that_is_joined_in_a_future_is_in_its_lane() {
        let lanes = urgent(futures::future::join_all([(); 3].map(|()| async {
            tokio::task::yield_now().await;
            current()
        })));
        let (lanes, beside) = futures::join!(lanes, async { current() });
        assert_eq!(lanes, [Priority::Urgent; 3]);
        assert_eq!(beside, Priority::Normal);
    }

    /// Servers for tests and for the simulator take calls and make none.
    #[test]
    fn no_provider_spawns_its_calls() {
        let mut spawning = Vec::new();
        read_below(
            Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/providers")),
            &mut spawning,
        );
        spawning.retain(|path| {
            !["scripted.rs", "simulated", "tests", "lane.rs"]
                .iter()
                .any(|part| path.contains(part))
        });
        assert_eq!(spawning, Vec::<String>::new());
    }

    fn read_below(folder: &Path, spawning: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read_below(&path, spawning);
            } else if ["spawn(", "spawn_local(", "JoinSet"]
                .iter()
                .any(|word| fs::read_to_string(&path).unwrap().contains(word))
            {
                spawning.push(path.to_string_lossy().into_owned());
            }
        }
    }
}
