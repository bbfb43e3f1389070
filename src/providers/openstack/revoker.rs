//! The removing handle of an OpenStack cloud.

use std::sync::Arc;

use futures::future::BoxFuture;

use super::glance::{Found, Glance};
use crate::{
    model::{Batch, Failure, FailureClass, JobId, JobStatus, Kind, Outcome, Reach},
    providers::Revoker,
};

pub struct OpenStackRevoker {
    glance: Arc<Glance>,
}

impl OpenStackRevoker {
    pub fn new(glance: Arc<Glance>) -> OpenStackRevoker {
        OpenStackRevoker { glance }
    }

    async fn remove(&self, batch: &Batch) -> Result<Found<()>, Failure> {
        match (batch.kind, batch.resources.as_slice(), batch.subjects.as_slice()) {
            (Kind::ImageShare, [image], [project]) => self.glance.remove_member(image, project).await,
            (Kind::Image, [image], []) => self.glance.delete_image(image).await,
            _ => {
                let detail = format!("OpenStack has no call that removes {batch}");
                Err(Failure::new(FailureClass::Refused, detail))
            }
        }
    }
}

impl Revoker for OpenStackRevoker {
    fn reach(&self, _kind: Kind) -> Reach {
        Reach::ONE
    }

    fn revoke<'a>(&'a self, batch: &'a Batch) -> BoxFuture<'a, Outcome> {
        Box::pin(async {
            match self.remove(batch).await {
                Ok(Found::Here(())) => Outcome::Accepted,
                Ok(Found::NotThere(_)) => Outcome::NotThere,
                Err(failure) => Outcome::Failed(failure),
            }
        })
    }

    fn job<'a>(&'a self, _job: &'a JobId) -> BoxFuture<'a, Result<JobStatus, Failure>> {
        let answer = JobStatus::Unknown("OpenStack has no jobs for what revokd removes".to_owned());
        Box::pin(std::future::ready(Ok(answer)))
    }
}
