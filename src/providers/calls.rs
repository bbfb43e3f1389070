//! What every request to a cloud is reported as, so that somebody else can
//! count and time it: the words are closed, to be safe as metric labels.

use std::sync::Arc;

use crate::model::FailureClass;

/// Told about each request once, after its end. It must not block.
pub type Observer = Arc<dyn Fn(Call) + Send + Sync>;

/// One request that was put on the wire, or was meant to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Call {
    pub operation: Operation,
    pub result: CallResult,
    /// From the moment the limits let it pass to the end of the answer.
    pub seconds: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    Login,
    ListImages,
    ShowImage,
    ListMembers,
    RemoveMember,
    DeleteImage,
    ListUsers,
    ShowUser,
    ListAccessKeys,
    ShowCaller,
    RemoveMembers,
    ShowJob,
    ListNamespaces,
    ListRepositories,
    ListPermissions,
    RemovePermissions,
    ListAccountShares,
    RemoveAccountShare,
}

impl Operation {
    pub const ALL: &'static [Operation] = &[
        Operation::Login,
        Operation::ListImages,
        Operation::ShowImage,
        Operation::ListMembers,
        Operation::RemoveMember,
        Operation::DeleteImage,
        Operation::ListUsers,
        Operation::ShowUser,
        Operation::ListAccessKeys,
        Operation::ShowCaller,
        Operation::RemoveMembers,
        Operation::ShowJob,
        Operation::ListNamespaces,
        Operation::ListRepositories,
        Operation::ListPermissions,
        Operation::RemovePermissions,
        Operation::ListAccountShares,
        Operation::RemoveAccountShare,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Operation::Login => "login",
            Operation::ListImages => "list-images",
            Operation::ShowImage => "show-image",
            Operation::ListMembers => "list-members",
            Operation::RemoveMember => "remove-member",
            Operation::DeleteImage => "delete-image",
            Operation::ListUsers => "list-users",
            Operation::ShowUser => "show-user",
            Operation::ListAccessKeys => "list-access-keys",
            Operation::ShowCaller => "show-caller",
            Operation::RemoveMembers => "remove-members",
            Operation::ShowJob => "show-job",
            Operation::ListNamespaces => "list-namespaces",
            Operation::ListRepositories => "list-repositories",
            Operation::ListPermissions => "list-permissions",
            Operation::RemovePermissions => "remove-permissions",
            Operation::ListAccountShares => "list-account-shares",
            Operation::RemoveAccountShare => "remove-account-share",
        }
    }

    /// The step as error messages name it.
    pub(super) fn step(self) -> &'static str {
        match self {
            Operation::Login => "logging in",
            Operation::ListImages => "listing images",
            Operation::ShowImage => "reading an image",
            Operation::ListMembers => "listing the members of an image",
            Operation::RemoveMember => "removing a member of an image",
            Operation::DeleteImage => "deleting an image",
            Operation::ListUsers => "listing the users of the account",
            Operation::ShowUser => "reading a user",
            Operation::ListAccessKeys => "listing the access keys of a user",
            Operation::ShowCaller => "finding out whom the access key belongs to",
            Operation::RemoveMembers => "removing members of images",
            Operation::ShowJob => "asking how a job stands",
            Operation::ListNamespaces => "listing namespaces",
            Operation::ListRepositories => "listing repositories",
            Operation::ListPermissions => "listing the permissions of users",
            Operation::RemovePermissions => "removing permissions of users",
            Operation::ListAccountShares => "listing the accounts a repository is shared with",
            Operation::RemoveAccountShare => "ending a repository's share with an account",
        }
    }
}

/// How one request ended, as far as its status tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallResult {
    Ok,
    /// 404: each operation has its own meaning for it.
    NotThere,
    Failed(FailureClass),
}

impl CallResult {
    pub fn as_str(self) -> &'static str {
        match self {
            CallResult::Ok => "ok",
            CallResult::NotThere => "not-there",
            CallResult::Failed(class) => class.as_str(),
        }
    }
}
