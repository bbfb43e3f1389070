//! The status text: what an operator wants to see in `systemctl status`.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::{
    daemon::context::Context,
    engine::schedule::splay,
    model::{CloudName, PolicyName, RunState, TaskState},
    store::{RunFilter, StoreError},
};

/// Clouds that the text names; of the others it tells how many there are.
const CLOUDS_NAMED: usize = 3;
/// Of each policy there is one held run at most.
const HELD_RUNS: usize = 1000;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    pub now: Timestamp,
    /// Those that are enabled.
    pub policies: usize,
    pub next: Option<(PolicyName, Timestamp)>,
    /// Tasks that wait for a worker or are with one.
    pub queued: u64,
    pub held_runs: usize,
    pub dead: u64,
    pub down: Vec<CloudName>,
}

impl Figures {
    /// # Errors
    /// The store cannot be read.
    pub async fn of(context: &Context) -> Result<Figures, StoreError> {
        let held = RunFilter {
            state: Some(RunState::Held),
            ..RunFilter::default()
        };
        let held_runs = context.store.runs(held, HELD_RUNS).await?.len();
        let mut figures = Figures {
            now: context.now(),
            held_runs,
            ..Figures::default()
        };
        for count in context.store.counts().await? {
            match count.state {
                TaskState::Dead => figures.dead += count.count,
                // Those are what the held runs hold, or wait for their grace.
                TaskState::Held => {}
                _ => figures.queued += count.count,
            }
        }
        let rules = context.rules();
        let enabled = || rules.policies.iter().filter(|policy| policy.enabled);
        figures.policies = enabled().count();
        let fires = enabled().filter_map(|policy| {
            let fire = policy.schedule.next_after(figures.now)?;
            let offset = splay(policy.name.as_str(), fire, policy.schedule.next_after(fire));
            Some((policy.name.clone(), fire.checked_add(offset).unwrap_or(fire)))
        });
        figures.next = fires.min_by_key(|(_, start)| *start);
        let clouds = context.clouds.values();
        figures.down = clouds
            .filter(|cloud| cloud.is_down())
            .map(|cloud| cloud.name.clone())
            .collect();
        Ok(figures)
    }

    /// One line. `refused`: how many problems the last configuration had, if
    /// it was not taken.
    pub fn status(&self, refused: Option<usize>) -> String {
        let mut parts = Vec::new();
        if let Some(problems) = refused {
            let problems = count(problems as u64, "problem", "problems");
            parts.push(format!(
                "reload refused ({problems}), the configuration before it is in force"
            ));
        }
        let mut policies = count(self.policies as u64, "policy", "policies");
        if let Some((policy, start)) = &self.next {
            policies.push_str(&format!(", next {policy} at {}", self.moment(*start)));
        }
        parts.push(policies);
        parts.push(self.queue());
        if let Some(down) = self.clouds_down() {
            parts.push(down);
        }
        // A line break would begin another message to the manager.
        parts.join("; ").replace(char::is_control, "?")
    }

    fn queue(&self) -> String {
        let mut parts = Vec::new();
        if self.queued > 0 {
            parts.push(format!("{} queued", self.queued));
        }
        if self.held_runs > 0 {
            parts.push(count(self.held_runs as u64, "held run", "held runs"));
        }
        if self.dead > 0 {
            parts.push(format!("{} dead", self.dead));
        }
        match parts.is_empty() {
            true => "nothing queued".to_owned(),
            false => parts.join(", "),
        }
    }

    fn clouds_down(&self) -> Option<String> {
        let named: Vec<&str> = self
            .down
            .iter()
            .take(CLOUDS_NAMED)
            .map(|cloud| cloud.as_str())
            .collect();
        let more = self.down.len() - named.len();
        let more = match more {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let noun = match self.down.len() {
            0 => return None,
            1 => "cloud",
            _ => "clouds",
        };
        Some(format!("{noun} {}{more} down", named.join(", ")))
    }

    /// With its day where that is not clear.
    fn moment(&self, moment: Timestamp) -> String {
        let is_near = moment.duration_since(self.now) < SignedDuration::from_hours(12);
        let format = match is_near {
            true => "%H:%M UTC",
            false => "%Y-%m-%d %H:%M UTC",
        };
        moment.to_zoned(TimeZone::UTC).strftime(format).to_string()
    }
}

fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures() -> Figures {
        Figures {
            now: "2026-11-22T11:58:03Z".parse().unwrap(),
            policies: 5,
            next: Some((
                "partner-shares-lapse".into(),
                "2026-11-22T12:15:09Z".parse().unwrap(),
            )),
            ..Figures::default()
        }
    }

    #[test]
    fn a_quiet_daemon_says_what_is_next() {
        let told = "5 policies, next partner-shares-lapse at 12:15 UTC; nothing queued";
        assert_eq!(figures().status(None), told);
    }

    #[test]
    fn what_waits_and_what_is_down_is_told() {
        let busy = Figures {
            policies: 1,
            queued: 3,
            held_runs: 1,
            dead: 2,
            down: vec!["prod".into()],
            ..figures()
        };
        let told =
            "1 policy, next partner-shares-lapse at 12:15 UTC; 3 queued, 1 held run, 2 dead; cloud prod down";
        assert_eq!(busy.status(None), told);
    }

    #[test]
    fn a_fire_of_another_day_has_its_day() {
        let later = Figures {
            next: Some(("quarterly".into(), "2027-01-01T00:00:00Z".parse().unwrap())),
            ..figures()
        };
        assert!(
            later
                .status(None)
                .contains("next quarterly at 2027-01-01 00:00 UTC")
        );
        let never = Figures {
            next: None,
            ..figures()
        };
        assert_eq!(never.status(None), "5 policies; nothing queued");
    }

    #[test]
    fn a_refused_reload_comes_first() {
        let told = figures().status(Some(3));
        assert!(told.starts_with("reload refused (3 problems), "), "{told}");
        assert!(figures().status(Some(1)).contains("(1 problem)"));
    }

    #[test]
    fn many_clouds_are_counted_and_the_text_stays_one_line() {
        let down = ["a\nREADY=1", "b", "c", "d", "e"].map(CloudName::from).to_vec();
        let told = Figures { down, ..figures() }.status(None);
        assert!(told.ends_with("clouds a?READY=1, b, c and 2 more down"), "{told}");
    }
}
