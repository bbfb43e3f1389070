//! One request to one of the services: signed or with a token, its answer
//! classified by the services' own codes.

use std::sync::Arc;

use reqwest::{Method, header::HeaderValue};

use super::{
    endpoints::{Differences, differences},
    holders::Owners,
    keys::{Discovery, Keys},
    login::{LoginMethod, Logins},
    request::Wire,
    signer::Signer,
    tokens::Tokens,
};
use crate::{
    config::types::{self, HuaweiLogin},
    model::{Caller, Failure, FailureClass},
    providers::{
        Clock, ConnectError,
        calls::{Observer, Operation},
        http::{Answer, Http, is_allowed},
        refusals::Standing,
    },
};

/// Which service is asked; each has a host of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// IAM, as the account.
    Identity,
    /// IMS, as the project.
    Images,
    /// SWR, as the project.
    Registry,
}

/// What to ask for.
pub struct Ask<'a> {
    pub operation: Operation,
    pub method: Method,
    pub service: Service,
    /// Begins with a slash; each segment is percent-encoded already.
    pub path: String,
    /// Not encoded.
    pub query: Vec<(&'a str, String)>,
    pub json: Option<Vec<u8>>,
}

/// Why an answer is no success.
#[derive(Debug)]
pub enum Refusal {
    /// The service says that the thing is not there: a 404 whose code says so,
    /// or a 400 with a code that means gone. It proves nothing by itself.
    NotThere(Failure),
    /// An id somewhere in the request is not known or not well-formed.
    WrongId(Failure),
    Failed(Failure),
}

impl Refusal {
    /// For a call that has no use for the difference.
    pub fn into_failure(self) -> Failure {
        match self {
            Refusal::NotThere(failure) | Refusal::WrongId(failure) | Refusal::Failed(failure) => failure,
        }
    }
}

/// The session with one cloud that all its calls share.
pub struct Api {
    wire: Arc<Wire>,
    access: Access,
    differences: &'static Differences,
    owners: Owners,
}

impl Api {
    /// # Errors
    /// Where the configuration allows no safe connection; nothing is sent.
    pub fn new(
        config: &types::Cloud,
        huawei: &types::Huawei,
        clock: Clock,
        observer: Observer,
        credential: Arc<Standing>,
    ) -> Result<Api, ConnectError> {
        let given = [
            Some(&config.auth_url),
            config.endpoints.image.as_ref(),
            config.endpoints.registry.as_ref(),
        ];
        if let Some(url) = given
            .into_iter()
            .flatten()
            .find(|url| !is_allowed(url, config.allow_http))
        {
            let url = Box::new(url.clone());
            return Err(ConnectError::PlainHttp { url });
        }
        let http = Arc::new(Http::new(config, Arc::clone(&clock), observer)?);
        let registry_content_type =
            HeaderValue::from_str(&huawei.registry_content_type).map_err(|_| ConnectError::ContentType)?;
        let wire = Arc::new(Wire {
            http,
            registry_content_type,
        });
        Ok(Api {
            access: Access::new(config, huawei, &wire, clock, credential),
            wire,
            differences: differences(huawei.flavour),
            owners: Owners::default(),
        })
    }

    /// Sends it once; after an answer that a new token may cure, once more.
    pub async fn send(&self, ask: &Ask<'_>) -> Result<Answer, Refusal> {
        if matches!(
            ask.operation,
            Operation::ListPermissions | Operation::RemovePermissions
        ) {
            self.knows_itself(ask.operation).await.map_err(Refusal::Failed)?;
        }
        match &self.access {
            Access::Tokens(tokens) => Box::pin(tokens.send(&self.wire, ask)).await,
            Access::Keys(keys) => Box::pin(keys.send(&self.wire, ask)).await,
        }
    }

    /// Who the daemon is, with the endpoints of the services that it has. The
    /// user is empty where the cloud does not tell; calls about permissions of
    /// users fail then.
    pub async fn caller(&self) -> Result<Caller, Failure> {
        match &self.access {
            Access::Tokens(tokens) => Box::pin(tokens.caller()).await,
            Access::Keys(keys) => Box::pin(keys.caller()).await,
        }
    }

    /// Who does not know which user it is would remove its own permissions.
    async fn knows_itself(&self, operation: Operation) -> Result<(), Failure> {
        if !self.caller().await?.user.as_str().is_empty() {
            return Ok(());
        }
        let step = operation.step();
        let detail = format!(
            "{step}: the cloud does not tell which user the access key belongs to, so its own permissions \
             could not be spared; log in with a password, or with a permanent key that may be looked up"
        );
        Err(Failure::new(FailureClass::Refused, detail))
    }

    /// In what this cloud differs from others that are built alike.
    pub fn differences(&self) -> &'static Differences {
        self.differences
    }

    /// What is known of the users of the account for good.
    pub fn owners(&self) -> &Owners {
        &self.owners
    }
}

/// How requests show who asks.
enum Access {
    Tokens(Tokens),
    Keys(Keys),
}

impl Access {
    fn new(
        config: &types::Cloud,
        huawei: &types::Huawei,
        wire: &Arc<Wire>,
        clock: Clock,
        credential: Arc<Standing>,
    ) -> Access {
        let tokens = |method, project: &types::Named| {
            let logins = Logins {
                http: Arc::clone(&wire.http),
                config: config.clone(),
                flavour: huawei.flavour,
                method,
                project: project.clone(),
            };
            Access::Tokens(Tokens::new(logins, Arc::clone(&clock), Arc::clone(&credential)))
        };
        match &huawei.login {
            HuaweiLogin::Password {
                user,
                password,
                project,
            } => {
                let (user, password) = (user.clone(), password.clone());
                tokens(LoginMethod::Password { user, password }, project)
            }
            HuaweiLogin::Token { token, project } => tokens(LoginMethod::Token(token.clone()), project),
            HuaweiLogin::AccessKey {
                access_key,
                secret_key,
                security_token,
                project,
            } => {
                let (access_key, secret_key) = (access_key.clone(), secret_key.clone());
                let security_token = security_token.clone();
                let time = Arc::clone(&clock);
                let signer = Signer::new(access_key, secret_key, security_token, time, credential.clone());
                let discovery = Discovery {
                    signer: Arc::new(signer),
                    wire: Arc::clone(wire),
                    config: config.clone(),
                    flavour: huawei.flavour,
                    project: project.clone(),
                };
                Access::Keys(Keys::new(discovery, clock))
            }
        }
    }
}
