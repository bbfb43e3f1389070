//! Tokens: who they speak for, and until when.

use std::collections::HashMap;

use jiff::Timestamp;

use super::{Shared, access::Caller};

#[derive(Clone)]
pub(super) struct Token {
    pub caller: Caller,
    pub methods: Vec<String>,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
}

pub(super) struct Tokens {
    alive: HashMap<String, Token>,
    issued: u64,
    port: u16,
}

/// Real tokens hold the whole catalogue and its signature.
const TOKEN_BYTES: usize = 5000;

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
        let head = format!("MIISimulatedToken-{}-{:08}-", self.port, self.issued);
        let text = format!("{head:A<TOKEN_BYTES$}");
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

impl Shared {
    /// The token of that text, unless it is dead: unknown, expired, or of a
    /// user who is disabled or gone.
    pub(super) fn living_token(&self, text: &str) -> Option<Token> {
        let token = self.tokens().alive.get(text).cloned()?;
        let world = self.world();
        let user = world.user(token.caller.user.as_str());
        let enabled = user.is_some_and(|user| user.enabled);
        (enabled && self.now() < token.expires_at).then_some(token)
    }
}
