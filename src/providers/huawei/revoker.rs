//! The removing handle of a Huawei cloud.

use std::sync::Arc;

use futures::future::BoxFuture;

use super::{api::Api, images, registry};
use crate::{
    config::types::CloudLimits,
    model::{Batch, Caller, Failure, FailureClass, JobId, JobStatus, Kind, Outcome, Reach, SubjectKind},
    providers::Revoker,
};

pub struct HuaweiRevoker {
    api: Arc<Api>,
    limits: CloudLimits,
}

impl HuaweiRevoker {
    pub fn new(api: Arc<Api>, limits: CloudLimits) -> HuaweiRevoker {
        HuaweiRevoker { api, limits }
    }

    async fn revoke(&self, batch: &Batch) -> Outcome {
        match self.api.caller().await {
            Ok(caller) if is_own(&caller, batch) => {
                let detail = format!("{batch} would take the daemon's own access");
                return Outcome::Failed(Failure::new(FailureClass::Refused, detail));
            }
            Ok(_) => {}
            Err(failure) => return Outcome::Failed(failure),
        }
        match (batch.kind, batch.resources.as_slice(), batch.subjects.as_slice()) {
            (Kind::ImageShare, [image], [project]) => images::remove_share(&self.api, image, project).await,
            (Kind::ImageShare, [_, ..], [_, ..]) => {
                images::remove_shares(&self.api, &batch.resources, &batch.subjects).await
            }
            (Kind::Image, [image], []) => images::delete(&self.api, image).await,
            (Kind::RepositoryPermission | Kind::NamespacePermission | Kind::RepositoryShare, _, _) => {
                registry::revoke(&self.api, batch).await
            }
            (Kind::ImageShare | Kind::Image, _, _) => {
                let detail = format!("no call removes {batch}");
                Outcome::Failed(Failure::new(FailureClass::Refused, detail))
            }
        }
    }

    async fn job(&self, job: &JobId) -> Result<JobStatus, Failure> {
        let caller = self.api.caller().await?;
        images::job(&self.api, &caller.project, job).await
    }
}

/// The last of several lines that keep the daemon from locking itself out.
fn is_own(caller: &Caller, batch: &Batch) -> bool {
    let own = match batch.kind.subject() {
        Some(SubjectKind::User) => caller.user.as_str(),
        Some(SubjectKind::Project) => caller.project.as_str(),
        Some(SubjectKind::Account) => &caller.account_name,
        None => return false,
    };
    batch.subjects.iter().any(|subject| subject.as_str() == own)
}

impl Revoker for HuaweiRevoker {
    fn reach(&self, kind: Kind) -> Reach {
        match kind {
            Kind::ImageShare => images::reach(&self.limits),
            Kind::Image => Reach::ONE,
            Kind::RepositoryPermission | Kind::NamespacePermission | Kind::RepositoryShare => {
                registry::reach(kind)
            }
        }
    }

    fn revoke<'a>(&'a self, batch: &'a Batch) -> BoxFuture<'a, Outcome> {
        Box::pin(self.revoke(batch))
    }

    fn job<'a>(&'a self, job: &'a JobId) -> BoxFuture<'a, Result<JobStatus, Failure>> {
        Box::pin(self.job(job))
    }
}
