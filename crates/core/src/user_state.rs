//! What directory users say of themselves: do not disturb, where they are (event-api.md §5.1, §5.3).

use std::sync::Arc;

use api::command::user::{SetDoNotDisturb, SetUserStatus};
use api::event::{EventKind, UserChange, UserEvent};
use api::view::{Extension, UserState};
use api::{CommandError, ErrorKind, ObjectKind};

use crate::Switch;

/// Longest text of a status, bytes.
const MAX_TEXT: usize = 2_000;

impl Switch {
    pub(crate) fn set_do_not_disturb(&mut self, c: &SetDoNotDisturb) -> Result<(), CommandError> {
        let on = c.on;
        self.change_user(&c.user, UserChange::DoNotDisturb, |user| {
            user.do_not_disturb = on;
        })
    }

    pub(crate) fn set_user_status(&mut self, c: SetUserStatus) -> Result<(), CommandError> {
        let too_long = |argument| {
            CommandError::new(
                ErrorKind::InvalidArgument(argument),
                "longer than 2,000 bytes",
            )
        };
        if let Some(status) = &c.status {
            if status.name.len() > MAX_TEXT {
                return Err(too_long("name"));
            }
            if status.note.len() > MAX_TEXT {
                return Err(too_long("note"));
            }
        }
        let status = c.status;
        self.change_user(&c.user, UserChange::Status, |user| user.status = status)
    }

    /// Tells of a change, if it is one. A user who says nothing any more is not in the view.
    fn change_user(
        &mut self,
        user: &Extension,
        change: UserChange,
        act: impl FnOnce(&mut UserState),
    ) -> Result<(), CommandError> {
        let Some(account) = self.account(&user.domain, &user.user) else {
            return Err(CommandError::not_found(ObjectKind::User));
        };
        let address = account.address();
        let known = self.view.users.get(&address).cloned();
        let before = known.unwrap_or_else(|| {
            Arc::new(UserState {
                user: Extension {
                    user: account.user.id.clone(),
                    domain: account.domain.clone(),
                },
                do_not_disturb: false,
                status: None,
            })
        });
        let mut after = (*before).clone();
        act(&mut after);
        if after == *before {
            return Ok(());
        }
        let after = Arc::new(after);
        if after.do_not_disturb || after.status.is_some() {
            self.view.users.insert_mut(address.clone(), after.clone());
        } else {
            self.view.users.remove_mut(&address);
        }
        let event = UserEvent {
            user: after,
            change,
        };
        self.publish(EventKind::User(Box::new(event)), None);
        self.device_changed(&address);
        Ok(())
    }

    /// Whether the user wants no calls.
    pub(crate) fn is_not_to_be_disturbed(&self, address: &Arc<str>) -> bool {
        let user = self.view.users.get(address);
        user.is_some_and(|user| user.do_not_disturb)
    }
}

#[cfg(test)]
mod tests {
    use api::view::{StatusType, UserStatus};
    use api::{Command, HangupCause};
    use sip::transport::Transport;

    use super::*;
    use crate::rig::{Phone, Rig};

    fn user(id: &str) -> Extension {
        Extension {
            user: id.into(),
            domain: "127.0.0.1".into(),
        }
    }

    fn told(rig: &mut Rig) -> usize {
        rig.seen(|event| matches!(event.kind, EventKind::User(_)).then(String::new))
            .len()
    }

    #[test]
    fn a_call_to_somebody_who_is_not_to_be_disturbed_is_busy() {
        let mut rig = Rig::new();
        let mut phone = Phone::new("1000", "127.0.0.1:5070", Transport::Udp, 1);
        assert_eq!(phone.register(&mut rig, "1234", 600), 200);
        let disturb = |on| SetDoNotDisturb {
            user: user("1000"),
            on,
        };
        rig.get(disturb(true)).unwrap();
        rig.get(disturb(true)).unwrap();
        assert_eq!(told(&mut rig), 1);
        assert!(
            rig.view
                .user_state("1000", "127.0.0.1")
                .unwrap()
                .do_not_disturb
        );
        let call = rig.call("user/1000");
        let error = rig.answers.remove(&call.0).unwrap().unwrap_err();
        assert_eq!(error.cause, Some(HangupCause::UserBusy));
        rig.get(disturb(false)).unwrap();
        assert_eq!((told(&mut rig), rig.view.users.size()), (1, 0));
        let call = rig.call("user/1000");
        assert!(!rig.answers.contains_key(&call.0), "it rings");
    }

    #[test]
    fn a_status_is_kept_and_told() {
        let mut rig = Rig::new();
        let status = UserStatus {
            name: "Lunch".into(),
            kind: StatusType::Away,
            note: "back at two".into(),
            returns_at: None,
            own: true,
        };
        let set = |id: &str, status: Option<UserStatus>| -> Command {
            let user = user(id);
            SetUserStatus { user, status }.into()
        };
        rig.get(set("1000", Some(status.clone()))).unwrap();
        let seen = rig.view.user_state("1000", "127.0.0.1").unwrap();
        assert_eq!(seen.status.as_ref(), Some(&status));
        rig.get(set("1000", None)).unwrap();
        assert_eq!((told(&mut rig), rig.view.users.size()), (2, 0));
        let nobody = rig.get(set("4711", Some(status.clone()))).unwrap_err();
        assert_eq!(nobody.kind, ErrorKind::NotFound(ObjectKind::User));
        let note = "x".repeat(MAX_TEXT + 1).into();
        let long = rig.get(set("1000", Some(UserStatus { note, ..status })));
        assert_eq!(long.unwrap_err().kind, ErrorKind::InvalidArgument("note"));
    }
}
