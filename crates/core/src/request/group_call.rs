//! `group_call`: the dial string of everybody in a group.

use api::CommandError;
use api::command::server::GroupCall;

use crate::Switch;

impl Switch {
    pub(super) fn group_call(
        &self,
        command: &GroupCall,
    ) -> Result<std::sync::Arc<str>, CommandError> {
        let domain = command
            .domain
            .as_deref()
            .map_or_else(|| self.default_domain(), str::to_owned);
        let members = self
            .view
            .directory
            .domain(&domain)
            .and_then(|d| {
                d.groups
                    .iter()
                    .find(|g| g.name.eq_ignore_ascii_case(&command.group))
            })
            .map(|group| group.users.clone())
            .ok_or_else(|| CommandError::call_failed(api::HangupCause::NoRouteDestination))?;
        let separator = match command.order {
            Some('F' | 'f') => "|",
            Some('E' | 'e') => ":_:",
            Some(_) | None => ",",
        };
        let parts: Vec<String> = members
            .iter()
            .filter_map(|user| self.member_dial_string(&domain, user))
            .collect();
        if parts.is_empty() {
            return Err(CommandError::call_failed(
                api::HangupCause::NoRouteDestination,
            ));
        }
        Ok(parts.join(separator).into())
    }

    /// How one member of a group is dialled: its own dial string with the contacts put in, variables
    /// in `[]`, so that they stay with its leg (recorded).
    fn member_dial_string(&self, domain: &str, user: &str) -> Option<String> {
        let contacts: Vec<String> = self
            .contacts_of(domain, user)
            .iter()
            .map(|contact| format!("sofia/{}", contact.dial))
            .chain(self.web_dial_strings(domain, user))
            .collect();
        let contacts = if contacts.is_empty() {
            "error/user_not_registered".to_owned()
        } else {
            contacts.join(",")
        };
        let own = self
            .view
            .directory
            .user(domain, user)
            .and_then(|entry| entry.param("dial-string"));
        let Some(own) = own else {
            return Some(contacts);
        };
        let own = own
            .replace("${dialed_user}", user)
            .replace("${dialed_extension}", user)
            .replace("${dialed_domain}", domain)
            .replace(&format!("${{sofia_contact(*/{user}@{domain})}}"), &contacts);
        crate::directory::one_leg(&own)
    }
}
