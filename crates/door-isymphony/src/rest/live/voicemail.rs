//! A voicemail box (event-api.md §7.1); its members are ours.

use api::view::{Mailbox, VoiceMessage};
use serde_json::json;

use super::{Query, allowed};
use crate::error::Refusal;
use crate::events::mailbox_of;
use crate::objects::{Kind, Object, milliseconds};
use crate::rights::Right;
use crate::wire::Value;

impl Query<'_> {
    /// By its number, or as `1000@example.org`. A box of extensions is shown with their core servers, any other with the
    /// first.
    pub(super) fn voicemail(&self, core: &Object) -> Result<Value, Refusal> {
        let (user, domain) = match self.call.last_place().split_once('@') {
            Some((user, domain)) => (user, Some(domain)),
            None => (self.call.last_place(), None),
        };
        let none = || Refusal::not_found("No voicemail box with the given number exists.");
        let mailbox = match domain {
            Some(domain) => self.view.mailbox(user, domain),
            None => {
                let mut domains = self.view.directory.domains.iter();
                domains.find_map(|domain| self.view.mailbox(user, &domain.name))
            }
        };
        let mailbox = mailbox.ok_or_else(none)?;
        let belongs = |core: &Object| {
            let mut extensions = self.objects.of(Kind::Extension, &core.id);
            let found = extensions.find(|extension| {
                mailbox_of(extension, self.view).is_some_and(|one| one.name == mailbox.name)
            });
            found.cloned()
        };
        let extension = belongs(core);
        let first = self.objects.cores().next();
        let is_first = first.is_some_and(|first| first.id == core.id);
        let elsewhere = || self.objects.cores().any(|core| belongs(core).is_some());
        if extension.is_none() && (!is_first || elsewhere()) {
            return Err(none());
        }
        let may = self.call.person().is_none_or(|person| {
            let rights = extension.as_deref().map(|extension| {
                let thing = person.extension(extension, self.objects);
                person.rights(&thing)
            });
            let rights = rights.unwrap_or_else(|| person.anywhere());
            rights.has(Right::Voicemail)
        });
        allowed(may, show(&mailbox, extension.as_deref()))
    }
}

fn show(mailbox: &Mailbox, extension: Option<&Object>) -> Value {
    let messages = mailbox.messages.iter();
    json!({
        "mailbox": &*mailbox.name.user,
        "domain": &*mailbox.name.domain,
        "extensionId": extension.map(|extension| extension.live_id()),
        "extensionNumber": extension.map(|extension| extension.text("extension")),
        "newMessages": mailbox.new_messages(),
        "oldMessages": mailbox.saved_messages(),
        "messages": messages.map(|message| one(message)).collect::<Vec<_>>(),
    })
}

fn one(message: &VoiceMessage) -> Value {
    json!({
        "id": &*message.id,
        "callerId": {"name": &*message.caller_name, "number": &*message.caller_number},
        "time": milliseconds(message.left_at),
        "length": message.length_ms,
        "new": message.read_at.is_none(),
    })
}
