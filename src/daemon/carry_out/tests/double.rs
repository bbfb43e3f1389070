//! A cloud in memory that the test tells what to answer, and a clock that goes
//! on by itself whenever somebody waits for it.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
};

use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};

use crate::{
    daemon::clock::Clock,
    engine::sample,
    model::{
        Batch, Caller, Failure, Id, Inventory, JobId, JobStatus, Kind, Needs, Outcome, Reach, Sharing, Target,
    },
    providers::{Progress, Reader, Revoker},
};

pub type Revoke = Box<dyn FnMut(&mut World, &Batch) -> Outcome + Send>;
pub type AskJob = Box<dyn FnMut(&mut World) -> Result<JobStatus, Failure> + Send>;

/// Image, project, and the moment of the grant.
#[derive(Default)]
pub struct World {
    pub members: BTreeMap<Id, BTreeMap<Id, String>>,
    pub calls: Vec<Batch>,
    pub looks: Vec<Id>,
    pub questions: usize,
    /// Where the cloud of this name is, once it is not the one of the samples.
    pub moved_to: Option<String>,
}

impl World {
    pub fn remove(&mut self, batch: &Batch) {
        for target in batch.targets() {
            self.remove_one(&target);
        }
    }

    pub fn remove_one(&mut self, target: &Target) {
        let subject = target.subject.as_ref().expect("a share has a project");
        let members = self.members.get_mut(&target.resource).expect("an image");
        members.remove(subject);
    }

    pub fn grant_again(&mut self, image: &str, project: &str) {
        let members = self.members.get_mut(&Id::from(image)).expect("an image");
        members.insert(Id::from(project), "2026-05-31T23:00:00Z".to_owned());
    }

    pub fn holds(&self, target: &Target) -> bool {
        let members = &self.members[&target.resource];
        members.contains_key(target.subject.as_ref().expect("a share has a project"))
    }
}

pub struct Double {
    world: Mutex<World>,
    reach: Reach,
    revoke: Mutex<Revoke>,
    ask: Mutex<AskJob>,
}

impl Double {
    /// Accepts every call and removes what it is about; one call reaches a
    /// hundred by a hundred.
    pub fn new() -> Double {
        Double {
            world: Mutex::default(),
            reach: Reach {
                resources: 100,
                subjects: 100,
                requests: 2,
            },
            revoke: Mutex::new(Box::new(|world, batch| {
                world.remove(batch);
                Outcome::Accepted
            })),
            ask: Mutex::new(Box::new(|_| panic!("nobody said that there is a job"))),
        }
    }

    pub fn set_revoke(&self, revoke: Revoke) {
        *self.revoke.lock().unwrap() = revoke;
    }

    pub fn set_ask(&self, ask: AskJob) {
        *self.ask.lock().unwrap() = ask;
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    fn inventory(&self, image: &Id) -> Inventory {
        let (members, moved_to) = {
            let world = self.world();
            (world.members.get(image).cloned(), world.moved_to.clone())
        };
        let images = members.into_iter().map(|members| {
            let mut seen = sample::image(image.as_str());
            let members = members.iter();
            let members = members.map(|(project, granted)| sample::member(project.as_str(), granted));
            seen.sharing = Sharing::Members(members.collect());
            seen
        });
        let mut inventory = sample::inventory(images.collect());
        let endpoints = &mut inventory.caller.endpoints;
        endpoints.images = moved_to.or(endpoints.images.take());
        inventory
    }
}

impl Reader for Double {
    fn caller(&self) -> BoxFuture<'_, Result<Caller, Failure>> {
        Box::pin(async { Ok(sample::inventory(vec![]).caller) })
    }

    fn collect<'a>(
        &'a self,
        _needs: Needs,
        _now: Timestamp,
        _progress: &'a (dyn Fn(Progress) + Send + Sync),
    ) -> BoxFuture<'a, Result<Inventory, Failure>> {
        Box::pin(async { Ok(sample::inventory(vec![])) })
    }

    fn look<'a>(
        &'a self,
        kind: Kind,
        resource: &'a Id,
        _subjects: &'a [Id],
        _now: Timestamp,
    ) -> BoxFuture<'a, Result<Inventory, Failure>> {
        assert_eq!(kind, Kind::ImageShare);
        self.world().looks.push(resource.clone());
        Box::pin(async { Ok(self.inventory(resource)) })
    }

    fn users(
        &self,
        _needs_details: bool,
        _now: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<crate::model::User>, Failure>> {
        Box::pin(async { Ok(sample::inventory(vec![]).users) })
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async { Ok(()) })
    }
}

impl Revoker for Double {
    fn reach(&self, _kind: Kind) -> Reach {
        self.reach
    }

    fn revoke<'a>(&'a self, batch: &'a Batch) -> BoxFuture<'a, Outcome> {
        let mut world = self.world();
        world.calls.push(batch.clone());
        let outcome = (self.revoke.lock().unwrap())(&mut world, batch);
        Box::pin(async { outcome })
    }

    fn job<'a>(&'a self, _job: &'a JobId) -> BoxFuture<'a, Result<JobStatus, Failure>> {
        let mut world = self.world();
        world.questions += 1;
        let status = (self.ask.lock().unwrap())(&mut world);
        Box::pin(async { status })
    }
}

/// Leaps to whatever moment somebody waits for.
pub struct LeapingClock(Mutex<Timestamp>);

impl LeapingClock {
    pub fn new(now: Timestamp) -> LeapingClock {
        LeapingClock(Mutex::new(now))
    }

    pub fn leap(&self, by: SignedDuration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for LeapingClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    fn sleep_until(&self, moment: Timestamp) -> BoxFuture<'static, ()> {
        let mut now = self.0.lock().unwrap();
        *now = moment.max(*now);
        Box::pin(tokio::task::yield_now())
    }
}
