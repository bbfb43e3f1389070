//! `when`: a CEL expression, for what the match keys do not reach.

#[derive(Clone, Debug)]
pub struct Condition {}
