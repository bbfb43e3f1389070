//! Work that a cloud goes on with after its answer: shares of several images
//! with several projects, given, answered or ended at once.
//!
//! How a job goes is scripted, because a client must come out right however it
//! goes.

use std::collections::{HashSet, VecDeque};

use jiff::{SignedDuration, Timestamp};

use super::{Actor, World};
use crate::model::{Id, MemberStatus};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobKind {
    AddMembers,
    RemoveMembers,
    /// The project's own answer to shares that it was given.
    AnswerShares(MemberStatus),
}

/// An image and a project.
pub type Pair = (Id, Id);

/// How a job goes. By default it is over at once, has done everything, and
/// says so.
#[derive(Clone, Debug, Default)]
pub struct JobScript {
    /// Before it does anything, and before it can end.
    pub delay: SignedDuration,
    /// The same in questions about it that are answered with "running".
    pub polls: u32,
    pub left: Left,
    pub end: JobEnd,
    /// Whether it tells what became of each pair; `None` for what is usual for
    /// its kind.
    pub tells_pairs: Option<bool>,
}

/// What a job does not do.
#[derive(Clone, Debug, Default)]
pub enum Left {
    #[default]
    Nothing,
    Everything,
    These(HashSet<Pair>),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum JobEnd {
    /// Success, unless something could not be done.
    #[default]
    AsItWent,
    Success,
    Failure {
        code: String,
        reason: String,
    },
    /// Does its work and runs for ever.
    Never,
    /// Ends with a word that no document knows.
    Word(String),
    /// Does its work, and nobody knows of it any more.
    Forgotten,
}

#[derive(Clone, Debug)]
pub struct Job {
    pub id: Id,
    pub kind: JobKind,
    pub pairs: Vec<Pair>,
    pub begun_at: Timestamp,
    /// When it did its work; `None` before.
    pub worked_at: Option<Timestamp>,
    /// Pairs that could not be done, or were left by the script.
    pub undone: HashSet<Pair>,
    pub end: JobEnd,
    pub tells_pairs: Option<bool>,
    by: Actor,
    left: Left,
    polls_left: u32,
    due_at: Timestamp,
}

#[derive(Default)]
pub(super) struct Jobs {
    all: Vec<Job>,
    /// Indices of those that have not done their work.
    waiting: Vec<usize>,
    usual: JobScript,
    next: VecDeque<JobScript>,
}

impl World {
    /// How every job goes from now on.
    pub fn script_jobs(&mut self, script: JobScript) {
        self.jobs.usual = script;
    }

    /// How one job goes: the first that begins after those scripted before.
    pub fn script_next_job(&mut self, script: JobScript) {
        self.jobs.next.push_back(script);
    }

    /// Everything that was ever begun, oldest first.
    pub fn jobs(&self) -> &[Job] {
        &self.jobs.all
    }

    /// Takes the work on; whether it may be done is not asked before its time.
    pub fn begin_job(&mut self, by: &Actor, kind: JobKind, pairs: Vec<Pair>, now: Timestamp) -> Id {
        let script = self.jobs.next.pop_front();
        let script = script.unwrap_or_else(|| self.jobs.usual.clone());
        let id = self.fresh_id();
        self.jobs.waiting.push(self.jobs.all.len());
        self.jobs.all.push(Job {
            id: id.clone(),
            kind,
            pairs,
            begun_at: now,
            worked_at: None,
            undone: HashSet::new(),
            end: script.end,
            tells_pairs: script.tells_pairs,
            by: by.clone(),
            left: script.left,
            polls_left: script.polls,
            due_at: now + script.delay,
        });
        self.settle(now);
        id
    }

    /// A question about a job, which counts as one. `None` where the project
    /// has no such job, or it is forgotten.
    pub fn poll_job(&mut self, project: &Id, id: &str, now: Timestamp) -> Option<&Job> {
        let asked = |job: &Job| job.id.as_str() == id && job.by.project == *project;
        let at = self.jobs.all.iter().position(asked)?;
        self.settle(now);
        let job = &mut self.jobs.all[at];
        if job.worked_at.is_none() {
            job.polls_left = job.polls_left.saturating_sub(1);
        }
        (job.worked_at.is_none() || job.end != JobEnd::Forgotten).then_some(job)
    }

    pub(super) fn settle_jobs(&mut self, now: Timestamp) {
        let due = |jobs: &Jobs| {
            let is_due = |at: &usize| jobs.all[*at].polls_left == 0 && jobs.all[*at].due_at <= now;
            jobs.waiting.iter().position(is_due)
        };
        while let Some(position) = due(&self.jobs) {
            // Out of the list before it works: what it does settles the world.
            let at = self.jobs.waiting.remove(position);
            let job = self.jobs.all[at].clone();
            let undone: HashSet<Pair> = job
                .pairs
                .iter()
                .filter(|pair| job.left.holds(pair) || !self.do_one(&job, pair, now))
                .cloned()
                .collect();
            let job = &mut self.jobs.all[at];
            job.worked_at = Some(now);
            job.undone = undone;
        }
    }

    /// Whether it could be done.
    fn do_one(&mut self, job: &Job, (image, project): &Pair, now: Timestamp) -> bool {
        let (image, project) = (image.as_str(), project.as_str());
        match job.kind {
            JobKind::AddMembers => self.add_member(&job.by, image, project, now).is_ok(),
            JobKind::RemoveMembers => self.remove_member(&job.by, image, project, now).is_ok(),
            JobKind::AnswerShares(status) => self.answer_share(&job.by, image, project, status, now).is_ok(),
        }
    }
}

impl Left {
    fn holds(&self, pair: &Pair) -> bool {
        match self {
            Left::Nothing => false,
            Left::Everything => true,
            Left::These(pairs) => pairs.contains(pair),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::{NewImage, Role};

    struct Scene {
        world: World,
        owner: Actor,
        pairs: Vec<Pair>,
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn scene() -> Scene {
        let mut world = World::new();
        let project = world.add_project("owner");
        let guest = world.add_project("guest");
        let pairs = (0..3)
            .map(|n| {
                let image = world.add_image(NewImage::shared(&format!("golden-{n}"), &project, at(1)));
                world.share(&image, &guest, MemberStatus::Accepted, at(2));
                (image, guest.clone())
            })
            .collect();
        let owner = Actor {
            project,
            role: Role::Member,
        };
        Scene { world, owner, pairs }
    }

    impl Scene {
        fn remove_all(&mut self) -> Id {
            let pairs = self.pairs.clone();
            self.world
                .begin_job(&self.owner, JobKind::RemoveMembers, pairs, at(10))
        }

        fn is_over(&mut self, job: &Id, second: i64) -> bool {
            let project = self.owner.project.clone();
            let job = self.world.poll_job(&project, job.as_str(), at(second)).unwrap();
            job.worked_at.is_some()
        }
    }

    #[test]
    fn a_job_is_over_at_once_unless_scripted_otherwise() {
        let mut scene = scene();
        let job = scene.remove_all();
        assert_eq!(scene.world.removals().len(), 3);
        assert!(scene.is_over(&job, 10));
    }

    #[test]
    fn a_job_works_when_its_time_has_come_even_if_nobody_asks() {
        let mut scene = scene();
        scene.world.script_next_job(JobScript {
            delay: SignedDuration::from_secs(5),
            ..JobScript::default()
        });
        scene.remove_all();
        scene.world.settle(at(14));
        assert!(scene.world.removals().is_empty());
        scene.world.settle(at(15));
        assert_eq!(scene.world.removals().len(), 3);
    }

    #[test]
    fn a_job_can_take_a_number_of_questions() {
        let mut scene = scene();
        scene.world.script_jobs(JobScript {
            polls: 2,
            ..JobScript::default()
        });
        let job = scene.remove_all();
        let over: Vec<bool> = (0..3).map(|_| scene.is_over(&job, 10)).collect();
        assert_eq!(over, [false, false, true]);
        assert_eq!(scene.world.removals().len(), 3);
    }

    #[test]
    fn what_the_script_leaves_and_what_cannot_be_done_stays_undone() {
        let mut scene = scene();
        let left = scene.pairs[0].clone();
        let gone = scene.pairs[1].clone();
        let owner = scene.owner.clone();
        let removed = scene
            .world
            .remove_member(&owner, gone.0.as_str(), gone.1.as_str(), at(5));
        removed.unwrap();
        scene.world.script_next_job(JobScript {
            left: Left::These(HashSet::from([left.clone()])),
            ..JobScript::default()
        });
        scene.remove_all();
        assert_eq!(scene.world.jobs()[0].undone, HashSet::from([left, gone]));
        assert_eq!(scene.world.removals().len(), 2);
    }

    #[test]
    fn a_forgotten_job_has_done_its_work_and_is_another_projects_secret() {
        let mut scene = scene();
        scene.world.script_next_job(JobScript {
            end: JobEnd::Forgotten,
            ..JobScript::default()
        });
        let forgotten = scene.remove_all();
        let known = scene.remove_all();
        let (own, other) = (scene.owner.project.clone(), Id::from("other"));
        assert_eq!(scene.world.removals().len(), 3);
        assert!(scene.world.poll_job(&own, forgotten.as_str(), at(10)).is_none());
        assert!(scene.world.poll_job(&other, known.as_str(), at(10)).is_none());
    }
}
