//! Requests with an access key. Nothing tells who such a key belongs to, so
//! that is asked first: the account, the project, and the user.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, StatusCode};
use serde::de::DeserializeOwned;

use super::{
    api::{Ask, Refusal, Service},
    endpoints::Roots,
    login::ProjectAccess,
    request::Wire,
    signer::{Scope, Signer},
    wire::iam::{CredentialDetail, Domain, DomainList, Project, ProjectList, UserDetail},
};
use crate::{
    config::types::{self, Cloud, Flavour, Named},
    model::{Caller, Failure, FailureClass, Id},
    providers::{
        Clock,
        address::{segment, unversioned},
        calls::Operation,
        http::Answer,
        session::{Login, Session},
        token::{LoginFailure, Token, refuse_skew},
    },
};

/// As long as tokens live: then the clocks are compared again.
const ASK_AGAIN: SignedDuration = SignedDuration::from_hours(24);

/// Where the cloud did not tell which user it is.
const ASK_AGAIN_SOON: SignedDuration = SignedDuration::from_mins(15);

pub struct Keys {
    signer: Arc<Signer>,
    /// No login, but it is remembered and shared in the same way.
    owner: Session<Discovery>,
}

/// Asks whom a key belongs to.
pub struct Discovery {
    pub signer: Arc<Signer>,
    pub wire: Arc<Wire>,
    pub config: Cloud,
    pub flavour: Flavour,
    pub project: Named,
}

impl Keys {
    pub fn new(discovery: Discovery, clock: Clock) -> Keys {
        Keys {
            signer: Arc::clone(&discovery.signer),
            // Not the key's own standing, which the signer asks for its turn
            // while the session has the turn of this one.
            owner: Session::new(discovery, clock, Arc::default()),
        }
    }

    pub async fn caller(&self) -> Result<Caller, Failure> {
        Ok(self.owner.token().await?.access.caller.clone())
    }

    pub async fn send(&self, wire: &Wire, ask: &Ask<'_>) -> Result<Answer, Refusal> {
        let owner = self.owner.token().await.map_err(Refusal::Failed)?;
        let ProjectAccess { caller, roots } = &owner.access;
        let scope = match ask.service {
            Service::Identity => Scope::Account(caller.account.as_str()),
            Service::Images | Service::Registry => Scope::Project(caller.project.as_str()),
        };
        self.signer.send(wire, ask, roots.root(ask.service), scope).await
    }
}

impl Login for Discovery {
    type Access = ProjectAccess;

    async fn log_in(&self, now: Timestamp) -> Result<Token<ProjectAccess>, LoginFailure> {
        let access = self.discover(now).await.map_err(|failure| match failure.class {
            FailureClass::Refused | FailureClass::Conflict => LoginFailure::Refused(failure),
            // Of a key that is refused the signer knows for how long: to
            // remember here what it only repeats would make that longer.
            _ => LoginFailure::Passing(failure),
        })?;
        // Once the key may be looked up, that shall not take a restart.
        let unknown = access.caller.user.as_str().is_empty();
        let ask_again_after = if unknown { ASK_AGAIN_SOON } else { ASK_AGAIN };
        let stale_at = Some(now + ask_again_after);
        // There is no token: the key signs every request.
        Ok(Token::new(String::new().into(), access, stale_at))
    }

    fn can_renew(&self) -> bool {
        true
    }
}

impl Discovery {
    async fn discover(&self, now: Timestamp) -> Result<ProjectAccess, Failure> {
        let account = self.account(now).await?;
        let project = self.project(&account).await?;
        let (user, user_name) = self.user(&account).await?;
        let name = Some(project.name.as_str()).filter(|name| !name.is_empty());
        let roots = Roots::find(&self.config, self.flavour, &[], name);
        let caller = Caller {
            user,
            user_name,
            project: project.id.into(),
            project_name: project.name,
            account: account.id.into(),
            account_name: account.name,
            endpoints: roots.endpoints(),
        };
        Ok(ProjectAccess { caller, roots })
    }

    async fn account(&self, now: Timestamp) -> Result<Domain, Failure> {
        let path = "/v3/auth/domains".to_owned();
        let answer = self.ask(path, Vec::new(), Scope::Nobody).await?;
        refuse_skew(&answer, now, Operation::ShowCaller)?;
        let list: DomainList = answer.json(StatusCode::OK)?;
        let mut found = list.domains;
        if let Named::Name { domain, .. } = &self.project {
            found.retain(|row| match domain {
                types::Domain::Id(id) => row.id == *id,
                types::Domain::Name(name) => row.name == *name,
            });
        }
        only_one(found, "account that is configured", "the access key")
    }

    async fn project(&self, account: &Domain) -> Result<Project, Failure> {
        let name = match &self.project {
            Named::Id(id) => {
                return Ok(Project {
                    id: id.clone(),
                    name: String::new(),
                    domain_id: account.id.clone(),
                    enabled: true,
                });
            }
            Named::Name { name, .. } => name,
        };
        let query = vec![("name", name.clone())];
        let list: ProjectList = self.get("/v3/projects".to_owned(), query, Scope::Nobody).await?;
        let mut found = list.projects;
        found.retain(|row| row.name == *name && row.domain_id == account.id);
        only_one(found, &format!("project named {name:?}"), "the account")
    }

    /// Empty where nothing tells it: then nothing is done to users.
    async fn user(&self, account: &Domain) -> Result<(Id, String), Failure> {
        let key = &self.signer.access_key;
        let path = segment(key).filter(|_| !self.signer.is_temporary());
        let Some(path) = path.map(|key| format!("/v3.0/OS-CREDENTIAL/credentials/{key}")) else {
            return Ok((Id::from(""), String::new()));
        };
        let scope = Scope::Account(&account.id);
        let found: Option<CredentialDetail> = told(self.get(path, Vec::new(), scope).await)?;
        let Some(user) = found.map(|found| found.credential).filter(|it| it.access == *key) else {
            return Ok((Id::from(""), String::new()));
        };
        let detail: Option<UserDetail> = match segment(&user.user_id) {
            Some(id) => told(
                self.get(format!("/v3.0/OS-USER/users/{id}"), Vec::new(), scope)
                    .await,
            )?,
            None => None,
        };
        let name = detail.map(|detail| detail.user.name).unwrap_or_default();
        Ok((user.user_id.into(), name))
    }

    async fn get<T: DeserializeOwned>(
        &self,
        path: String,
        query: Vec<(&str, String)>,
        scope: Scope<'_>,
    ) -> Result<T, Failure> {
        self.ask(path, query, scope).await?.json(StatusCode::OK)
    }

    async fn ask(
        &self,
        path: String,
        query: Vec<(&str, String)>,
        scope: Scope<'_>,
    ) -> Result<Answer, Failure> {
        let ask = Ask {
            operation: Operation::ShowCaller,
            method: Method::GET,
            service: Service::Identity,
            path,
            query,
            json: None,
        };
        let root = unversioned(&self.config.auth_url);
        match self.signer.send(&self.wire, &ask, Ok(&root), scope).await {
            Ok(answer) => Ok(answer),
            Err(Refusal::NotThere(failure) | Refusal::WrongId(failure)) => Err(Failure {
                class: FailureClass::Refused,
                ..failure
            }),
            Err(Refusal::Failed(failure)) => Err(failure),
        }
    }
}

/// `None` where the cloud does not want to tell, which stays so.
fn told<T>(answer: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(failure) if failure.class == FailureClass::Refused => Ok(None),
        Err(failure) => Err(failure),
    }
}

fn only_one<T>(mut found: Vec<T>, what: &str, whose: &str) -> Result<T, Failure> {
    match (found.pop(), found.len()) {
        (Some(one), 0) => Ok(one),
        (one, more) => {
            let count = more + usize::from(one.is_some());
            let step = Operation::ShowCaller.step();
            let detail = format!("{step}: {whose} has {count} of the {what}, and exactly one is needed");
            Err(Failure::new(FailureClass::Refused, detail))
        }
    }
}
