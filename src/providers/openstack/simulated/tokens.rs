//! Tokens: who they speak for, and until when.

use std::collections::HashMap;

use axum::http::HeaderMap;
use jiff::Timestamp;

use super::{Shared, answers::Problem};
use crate::{
    model::Id,
    simulator::{Actor, Role},
};

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub user: Id,
    /// Absent from a token that is good for nothing but asking for another.
    pub scope: Option<(Id, Role)>,
    pub methods: Vec<String>,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
}

pub(super) struct Tokens {
    alive: HashMap<String, Token>,
    issued: u64,
    port: u16,
}

impl Tokens {
    /// The port goes into the tokens, so that no cloud takes another's.
    pub(super) fn new(port: u16) -> Tokens {
        Tokens {
            alive: HashMap::new(),
            issued: 0,
            port,
        }
    }

    pub(super) fn issue(&mut self, token: Token) -> String {
        self.issued += 1;
        let text = format!("gAAAAA-simulated-token-{}-{:08}", self.port, self.issued);
        self.alive.insert(text.clone(), token);
        text
    }

    pub(super) fn kill(&mut self, text: &str) {
        self.alive.remove(text);
    }

    pub(super) fn kill_all(&mut self) {
        self.alive.clear();
    }
}

pub(super) const AUTH_TOKEN: &str = "x-auth-token";
pub(super) const SUBJECT_TOKEN: &str = "x-subject-token";

pub(super) use crate::providers::simulated::answers::header;

impl Shared {
    /// The token of that text, unless it is dead: unknown, expired, or of a
    /// user who is disabled or gone.
    pub(super) fn living_token(&self, text: &str) -> Option<Token> {
        let token = self.tokens().alive.get(text).cloned()?;
        let world = self.world();
        let enabled = world.user(token.user.as_str()).is_some_and(|user| user.enabled);
        (enabled && self.now() < token.expires_at).then_some(token)
    }

    /// Who makes a request to the image service.
    pub(super) fn actor(&self, headers: &HeaderMap) -> Result<Actor, Problem> {
        let token = header(headers, AUTH_TOKEN).and_then(|text| self.living_token(text));
        let token = token.ok_or_else(|| Problem::new(401, NOT_VERIFIED))?;
        let (project, role) = token
            .scope
            .ok_or_else(|| Problem::new(403, "You are not authorized to complete get_images action."))?;
        Ok(Actor { project, role })
    }
}

const NOT_VERIFIED: &str = "This server could not verify that you are authorized to access the document you \
     requested. Either you supplied the wrong credentials (e.g., bad password), or your browser does not \
     understand how to supply the credentials required.";
