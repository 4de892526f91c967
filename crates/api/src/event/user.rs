use std::sync::Arc;

use crate::view::UserState;

/// A user has said something about himself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserEvent {
    /// All of it, as it is now.
    pub user: Arc<UserState>,
    /// What is new.
    pub change: UserChange,
}

/// See [`UserEvent`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UserChange {
    /// [`UserState::do_not_disturb`].
    DoNotDisturb,
    /// [`UserState::status`].
    Status,
}
