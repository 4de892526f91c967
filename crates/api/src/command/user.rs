//! Commands about what directory users say of themselves.

use crate::view::{Extension, UserStatus};

/// Says whether a user wants calls. Calls to one who does not fail with `USER_BUSY`, and so does a queue's to an agent
/// there.
///
/// # Errors
/// `NotFound(User)`.
#[derive(Clone, Debug)]
pub struct SetDoNotDisturb {
    /// Who.
    pub user: Extension,
    /// Whether none are wanted.
    pub on: bool,
}

/// Says where a user is. It changes no call.
///
/// # Errors
/// `NotFound(User)`; `InvalidArgument` of `name` or `note`, longer than 2,000 bytes.
#[derive(Clone, Debug)]
pub struct SetUserStatus {
    /// Who.
    pub user: Extension,
    /// Where the user is; `None`: nothing is said any more.
    pub status: Option<UserStatus>,
}
