//! Requests with a token: the project's for IMS and SWR, the account's for IAM.

use std::sync::Arc;

use tokio::sync::OnceCell;

use super::{
    api::{Ask, Refusal, Service},
    endpoints::Roots,
    login::{AccountLogin, Logins, ProjectLogin},
    problem::Problem,
    request::Wire,
};
use crate::{
    model::{Caller, Failure},
    providers::{
        Clock,
        http::Answer,
        refusals::Standing,
        session::{Login, Session},
    },
};

pub struct Tokens {
    logins: Arc<Logins>,
    clock: Clock,
    credential: Arc<Standing>,
    project: Session<ProjectLogin>,
    /// Known once a token for the project has told which account it is.
    account: OnceCell<Session<AccountLogin>>,
}

impl Tokens {
    pub fn new(logins: Logins, clock: Clock, credential: Arc<Standing>) -> Tokens {
        let logins = Arc::new(logins);
        let login = ProjectLogin(Arc::clone(&logins));
        Tokens {
            project: Session::new(login, Arc::clone(&clock), Arc::clone(&credential)),
            account: OnceCell::new(),
            logins,
            clock,
            credential,
        }
    }

    pub async fn caller(&self) -> Result<Caller, Failure> {
        Ok(self.project.token().await?.access.caller.clone())
    }

    pub async fn send(&self, wire: &Wire, ask: &Ask<'_>) -> Result<Answer, Refusal> {
        match ask.service {
            Service::Identity => {
                let account = self.account().await.map_err(Refusal::Failed)?;
                send_with(account, wire, ask).await
            }
            Service::Images | Service::Registry => send_with(&self.project, wire, ask).await,
        }
    }

    async fn account(&self) -> Result<&Session<AccountLogin>, Failure> {
        let session = async || {
            let token = self.project.token().await?;
            let login = AccountLogin {
                logins: Arc::clone(&self.logins),
                account: token.access.caller.account.clone(),
                roots: token.access.roots.clone(),
            };
            let (clock, credential) = (Arc::clone(&self.clock), Arc::clone(&self.credential));
            Ok(Session::new(login, clock, credential))
        };
        self.account.get_or_try_init(session).await
    }
}

/// Repeated only after an answer that speaks of the token, which means that
/// the call had no effect, and only with another token; a second one is final.
async fn send_with<L>(session: &Session<L>, wire: &Wire, ask: &Ask<'_>) -> Result<Answer, Refusal>
where
    L: Login<Access: AsRef<Roots>>,
{
    let mut token = session.token().await.map_err(Refusal::Failed)?;
    let mut renewed = false;
    loop {
        let prepared = wire
            .prepare(ask, token.access.as_ref().root(ask.service))
            .map_err(Refusal::Failed)?;
        let sent = wire.send(ask, prepared, Some(token.expose()), &[]).await;
        let failure = match sent.map_err(Refusal::Failed)? {
            Ok(answer) => {
                token.has_worked();
                return Ok(answer);
            }
            Err((answer, Problem::Other(refusal))) => {
                if !answer.status.is_server_error() {
                    token.has_worked();
                }
                return Err(refusal);
            }
            Err((_, Problem::Unauthenticated(failure))) => failure,
        };
        if renewed {
            session.distrust(&token, &failure).await;
            return Err(Refusal::Failed(failure));
        }
        token = session.renew(&token, failure).await.map_err(Refusal::Failed)?;
        renewed = true;
    }
}
