//! Which events somebody is told of.

use std::collections::{HashMap, HashSet};

use api::view::View;
use uuid::Uuid;

use super::{Calls, Group, Person, Right, Rights, Thing};
use crate::objects::{Kind, Object, Objects};
use crate::wire::members;

/// What one connection is told of.
#[derive(Debug)]
pub(crate) enum Sight {
    /// Everything: a program.
    All,
    /// What somebody may see.
    Person(Seeing),
    /// Events about one user: those of which a `username` is theirs (event-api.md §10).
    Own(Box<str>),
}

/// Somebody looks.
#[derive(Debug)]
pub(crate) struct Seeing {
    /// Configuration ids of the core server and the user.
    core: Box<str>,
    user: Box<str>,
    /// Call segments they were told of, beside those of extensions they see: the outside end of a call of theirs.
    known: HashSet<Box<str>>,
}

/// Members of a line that say what it is about, in quotes where they are texts.
struct About<'a>(HashMap<&'a str, &'a str>);

impl<'a> About<'a> {
    fn of(line: &'a str) -> Self {
        Self(members(line).collect())
    }

    /// A text that holds nothing that is escaped, as ids and types do.
    fn id(&self, name: &str) -> Option<&'a str> {
        self.0.get(name)?.strip_prefix('"')?.strip_suffix('"')
    }

    fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.0.get(name)?).ok()
    }

    fn object<'o>(
        &self,
        name: &str,
        kind: Kind,
        core: &Object,
        objects: &'o Objects,
    ) -> Option<&'o Object> {
        let id = Uuid::parse_str(self.id(name)?).ok()?;
        objects.live(kind, &core.id, id).map(|object| &**object)
    }
}

impl Sight {
    /// What somebody who is signed in may see.
    pub(crate) fn of_person(core: &str, user: &str) -> Self {
        Self::Person(Seeing {
            core: core.into(),
            user: user.into(),
            known: HashSet::new(),
        })
    }

    /// What there is before the first event.
    pub(crate) fn begin(&mut self, groups: &[Group], objects: &Objects, view: &View) {
        let Self::Person(seeing) = self else {
            return;
        };
        let Some(person) = Person::of(groups, objects, &seeing.core, &seeing.user) else {
            return;
        };
        if sees_everything(&person) {
            return;
        }
        let calls = Calls::new(objects, view);
        let seen = view.channels.values();
        let seen = seen.filter(|channel| calls.rights(&person, channel).has(Right::Calls));
        seeing
            .known
            .extend(seen.map(|channel| channel.id.as_str().into()));
    }

    /// Whether it is told of an event, which is encoded already. Every event has to be shown to it, in order.
    pub(crate) fn sees(
        &mut self,
        line: &str,
        groups: &[Group],
        objects: &Objects,
        view: &View,
    ) -> bool {
        match self {
            Self::All => true,
            Self::Own(user) => {
                let about = About::of(line);
                let mut ids = ["userId", "userId1", "userId2"].into_iter();
                ids.any(|name| about.id(name) == Some(&**user))
            }
            Self::Person(seeing) => {
                let person = Person::of(groups, objects, &seeing.core, &seeing.user);
                person.is_some_and(|person| seeing.sees(line, &person, objects, view))
            }
        }
    }
}

/// Nothing of their core server is hidden from them.
fn sees_everything(person: &Person) -> bool {
    person.anywhere().has(Right::Calls)
}

impl Seeing {
    fn sees(&mut self, line: &str, person: &Person, objects: &Objects, view: &View) -> bool {
        let about = About::of(line);
        let extensions: Vec<&Object> = ["extensionId", "extensionId1", "extensionId2"]
            .iter()
            .filter_map(|name| about.object(name, Kind::Extension, &person.core, objects))
            .collect();
        // A call between two core servers is told with one of them.
        let core = about.id("coreServerId");
        let is_here = core.is_none_or(|id| id == person.core.live_id());
        if !is_here && !extensions.iter().any(|one| person.owns(one, objects)) {
            return false;
        }
        if sees_everything(person) && about.id("type") != Some("voicemail") {
            return true;
        }
        let things = extensions.iter().map(|one| person.extension(one, objects));
        let rights = things.fold(person.anywhere(), |rights, thing| {
            rights.or(person.rights(&thing))
        });
        let rights = rights.or(place(&about, person, objects, view));
        let pair = [about.id("callSegmentId1"), about.id("callSegmentId2")];
        if let [Some(one), Some(two)] = pair {
            return self.remember(&[one, two], rights.has(Right::Calls));
        }
        if let Some(segment) = about.id("callSegmentId") {
            let sees = self.known.contains(segment) || rights.has(Right::Calls);
            let goes_on = about.id("type") != Some("hangup");
            self.remember(&[segment], sees && goes_on);
            return sees;
        }
        if about.id("type") == Some("voicemail") {
            return rights.has(Right::Voicemail);
        }
        if !extensions.is_empty() || about.id("queueId").is_some() {
            return rights.has(Right::See);
        }
        match about.object("userId", Kind::User, &person.core, objects) {
            Some(user) => person.sees_user(user, objects),
            // What is about nothing that can be hidden, or about what is gone by now.
            None => about.id("userId").is_none(),
        }
    }

    fn remember(&mut self, segments: &[&str], seen: bool) -> bool {
        for segment in segments {
            if !seen {
                self.known.remove(*segment);
            } else if !self.known.contains(*segment) {
                self.known.insert((*segment).into());
            }
        }
        seen
    }
}

/// Rights to the queue, parking lot or conference an event is about.
fn place(about: &About<'_>, person: &Person, objects: &Objects, view: &View) -> Rights {
    let thing = |kind, id, name: &str| {
        let configured = about.object(id, kind, &person.core, objects);
        match configured {
            Some(object) => person.rights(&Thing::of(object)),
            None => person.rights(&Thing::unconfigured(name)),
        }
    };
    if let Some(id) = about.id("queueId") {
        let id = Uuid::parse_str(id).ok();
        let mut queues = view.queues.values();
        let queue = queues.find(|queue| Some(queue.id.0) == id);
        let number = queue.map_or("", |queue| &*queue.settings.number);
        return thing(Kind::Queue, "queueId", number);
    }
    if about.id("parkingLotId").is_some() {
        let name = about.text("parkingLot").unwrap_or_default();
        return thing(Kind::ParkingLot, "parkingLotId", &name);
    }
    if about.id("conferenceRoomId").is_some() {
        let name = about.text("conferenceRoomName").unwrap_or_default();
        return thing(Kind::ConferenceRoom, "conferenceRoomId", &name);
    }
    Rights::NONE
}
