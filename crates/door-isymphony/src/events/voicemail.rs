//! How many messages are in a voicemail box (event-api.md §5.3), told for every extension whose box it is.

use std::sync::Arc;

use api::event::{VoicemailAction, VoicemailEvent};
use api::view::{Mailbox, View};

use super::Teller;
use crate::objects::{Kind, Object};
use crate::wire::Line;

impl Teller<'_> {
    pub(super) fn of_voicemail(&self, event: &VoicemailEvent) -> Vec<Line> {
        if event.action != VoicemailAction::Waiting {
            return Vec::new();
        }
        let wanted = &event.mailbox.name;
        let extensions = self.objects.cores().flat_map(|core| {
            let all = self.objects.of(Kind::Extension, &core.id);
            all.map(move |extension| self.objects.owner_of(core, extension))
        });
        let owners = extensions.filter(|owner| {
            mailbox_of(&owner.extension, self.view).is_some_and(|mailbox| mailbox.name == *wanted)
        });
        let licensed = owners.filter(|owner| self.owner_is_licensed(owner));
        let lines = licensed.map(|owner| {
            let mut line = self.of_extension("voicemail", &owner);
            line.set("newMessages", event.mailbox.new_messages());
            line.set("oldMessages", event.mailbox.saved_messages());
            line
        });
        lines.collect()
    }
}

/// The voicemail box of an extension: the one it names, else that of its directory user (event-api.md §8.4). Its context is
/// the domain, when there is one of that name.
pub(crate) fn mailbox_of(extension: &Object, view: &View) -> Option<Arc<Mailbox>> {
    let named = extension.text("voiceMailBox");
    let peer = extension.text("peer");
    let peer = peer.rsplit_once('/').map_or(peer, |(_, peer)| peer);
    let names = if named.is_empty() {
        [extension.text("extension"), peer]
    } else {
        [named, ""]
    };
    let names = names.into_iter().filter(|name| !name.is_empty());
    let context = extension.text("voiceMailContext");
    let known = view.directory.domain(context);
    let domains = view.directory.domains.iter();
    let domains = domains.filter(|domain| known.is_none_or(|known| known.name == domain.name));
    let domains: Vec<_> = domains.map(|domain| &domain.name).collect();
    names
        .flat_map(|name| domains.iter().map(move |domain| (name, domain)))
        .find_map(|(name, domain)| view.mailbox(name, domain))
}
