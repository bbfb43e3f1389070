//! The codes with which the registry says no.

use super::Problem;
use crate::simulator::registry::RegistryRefusal;

/// What a call is about; the same refusal has a code for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    Namespace,
    NamespacePermission,
    Repository,
    RepositoryPermission,
    Share,
}

pub(super) fn refused(doing: Doing, refusal: RegistryRefusal) -> Problem {
    match (refusal, doing) {
        (RegistryRefusal::NamespaceNotFound, _) => problem(404, "4040058", "The organization does not exist"),
        (RegistryRefusal::RepositoryNotFound, _) => problem(404, "4040010", "The image does not exist"),
        (RegistryRefusal::AnotherAccounts, _) => {
            problem(401, "4011064", "Cross-account error, insufficient permissions")
        }
        (RegistryRefusal::NotAllowed, _) => {
            problem(403, "4039002", "No permission to perform this operation")
        }
        (RegistryRefusal::PermissionNotFound, Doing::NamespacePermission) => {
            problem(404, "4040078", "The organization permission does not exist")
        }
        (RegistryRefusal::PermissionNotFound, _) => problem(404, "4040091", "The permission does not exist"),
        (RegistryRefusal::ShareNotFound, _) => problem(400, "4001090", "The shared account does not exist"),
        (RegistryRefusal::AlreadyThere, Doing::Namespace) => {
            problem(409, "4090060", "The organization already exists")
        }
        (RegistryRefusal::AlreadyThere, Doing::NamespacePermission) => {
            problem(409, "4090076", "The organization permission already exists")
        }
        (RegistryRefusal::AlreadyThere, Doing::Repository) => {
            problem(409, "4090006", "The image already exists")
        }
        (RegistryRefusal::AlreadyThere, _) => problem(409, "4090089", "The permission already exists"),
        (RegistryRefusal::NotEmpty, Doing::Namespace) => {
            problem(406, "4060074", "The organization still contains images")
        }
        (RegistryRefusal::NotEmpty, _) => {
            problem(406, "4060012", "The image repository still contains images")
        }
    }
}

/// Not to be taken for the absence of what was asked for.
pub(super) fn no_such_url() -> Problem {
    problem(404, "4040083", "The requested URL cannot be found")
}

/// The registry has nothing for one who comes as an account.
pub(super) fn unavailable() -> Problem {
    problem(403, "4031033", "Unavailable request")
}

pub(super) fn invalid(message: &str) -> Problem {
    problem(400, "4000014", message)
}

pub(super) fn invalid_page_size() -> Problem {
    problem(400, "4000056", "Invalid page size")
}

pub(super) fn invalid_filter() -> Problem {
    problem(400, "4001035", "Invalid filtering criteria")
}

pub(super) fn invalid_namespace() -> Problem {
    problem(400, "4001028", "Invalid organization name")
}

pub(super) fn invalid_repository() -> Problem {
    problem(400, "4001029", "Invalid image name")
}

pub(super) fn invalid_level(doing: Doing) -> Problem {
    match doing {
        Doing::NamespacePermission => problem(400, "4001065", "Invalid organization permissions"),
        _ => problem(400, "4001066", "Invalid permissions"),
    }
}

pub(super) fn invalid_user_name() -> Problem {
    problem(400, "4001067", "Invalid username")
}

fn problem(status: u16, code: &str, message: &str) -> Problem {
    Problem::new(status, &format!("SVCSTG.SWR.{code}"), message)
}
