//! Queries of the Live API (event-api.md §7): everything in them is read from the switch's view and the configuration as
//! they are now.

mod find;
pub(crate) mod rooms;
mod show;
mod voicemail;

use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::Arc;

use api::ChannelId;
use api::view::{Channel, UserStatus, View};
use serde_json::json;

use super::call::{Answer, Call};
use super::table::LiveOp;
use crate::config::Licensing;
use crate::error::Refusal;
use crate::events::dialler;
use crate::objects::{Kind, Object, Objects, milliseconds};
use crate::rights::{Calls, Person, Right, Thing};
use crate::start::Shared;
use crate::wire::Value;

pub(crate) use find::{LotFound, QueueFound, is_of_core};
pub(crate) use find::{channel_of, core_of, extension_of, lot_of, queue_of, room_of};
pub(crate) use show::show_segment;

/// Answers a query.
pub(super) fn perform(shared: &Shared, op: LiveOp, call: &Call) -> Result<Answer, Refusal> {
    let (objects, view) = (shared.configuration.now(), shared.switch.view());
    let query = Query {
        shared,
        objects: &objects,
        view: &view,
        call,
        dials: OnceCell::new(),
        calls: OnceCell::new(),
    };
    query.answer(op).map(Answer::Json)
}

struct Query<'a> {
    shared: &'a Shared,
    objects: &'a Objects,
    view: &'a View,
    call: &'a Call,
    /// Whom each segment rings; looked for when the first segment is shown.
    dials: OnceCell<HashMap<ChannelId, Vec<ChannelId>>>,
    /// For judging calls; made when the first is judged.
    calls: OnceCell<Calls<'a>>,
}

impl Query<'_> {
    fn answer(&self, op: LiveOp) -> Result<Value, Refusal> {
        if op == LiveOp::Cores {
            return Ok(self.objects.cores().map(|core| show::core(core)).collect());
        }
        let core = core_of(self.objects, self.call.named(0))?;
        match op {
            LiveOp::Cores | LiveOp::Core => Ok(show::core(&core)),
            LiveOp::Extensions => {
                let all = self.objects.of(Kind::Extension, &core.id);
                let licensed = all.filter(|extension| self.is_licensed(extension));
                let seen = licensed.filter(|extension| {
                    self.sees(|person| person.extension(extension, self.objects))
                });
                Ok(seen
                    .map(|extension| self.show_extension(extension))
                    .collect())
            }
            LiveOp::Extension => Ok(self.show_extension(&*self.extension(&core)?)),
            LiveOp::ExtensionSegments => {
                let extension = self.extension(&core)?;
                Ok(self.segments(&core, |channel| {
                    let owner =
                        crate::events::number_of(channel).and_then(|user| self.objects.owner(user));
                    owner.is_some_and(|owner| owner.extension.id == extension.id)
                }))
            }
            LiveOp::ExtensionUser => {
                let extension = self.extension(&core)?;
                let user = self.objects.managing_user(&extension);
                let none = || Refusal::not_found("No user is bound to the extension.");
                let user = user.filter(|user| self.sees_user(user));
                user.map(|user| self.show_user(&core, user))
                    .ok_or_else(none)
            }
            LiveOp::Users => {
                let all = self.objects.of(Kind::User, &core.id);
                let seen = all.filter(|user| self.sees_user(user));
                Ok(seen.map(|user| self.show_user(&core, user)).collect())
            }
            LiveOp::User => Ok(self.show_user(&core, &*self.user(&core)?)),
            LiveOp::UserExtensions => {
                let own = self.extensions_of(&core, &*self.user(&core)?);
                let own = own.iter();
                let seen = own.filter(|extension| {
                    self.sees(|person| person.extension(extension, self.objects))
                });
                Ok(seen
                    .map(|extension| self.show_extension(extension))
                    .collect())
            }
            LiveOp::UserStatus => self.status(&core),
            LiveOp::UserLogins => self.logins(&core),
            LiveOp::Queues => Ok(find::queues(self.objects, self.view, &core)
                .iter()
                .filter(|queue| self.sees(|_| queue.thing()))
                .map(|queue| self.show_queue(queue))
                .collect()),
            LiveOp::Queue => Ok(self.show_queue(&self.queue(&core)?)),
            LiveOp::QueueAgents => {
                let queue = self.queue(&core)?;
                let agents = queue.running.iter().flat_map(|queue| &queue.agents);
                let there = agents.filter(|place| place.logged_in);
                Ok(there
                    .filter_map(|place| {
                        show::agent(place, self.view, self.objects, &self.shared.following)
                    })
                    .collect())
            }
            LiveOp::QueueAgent => {
                let queue = self.queue(&core)?;
                let mut agents = queue.running.iter().flat_map(|queue| &queue.agents);
                let wanted = self.call.last_place();
                let agent = agents.find(|place| place.logged_in && place.id.to_string() == wanted);
                agent
                    .and_then(|place| {
                        show::agent(place, self.view, self.objects, &self.shared.following)
                    })
                    .ok_or_else(|| Refusal::no_such("An agent", "id"))
            }
            LiveOp::QueueSegments => {
                let queue = self.queue(&core)?;
                let waiting = queue.running.iter().flat_map(|queue| queue.waiting());
                let shown = waiting.filter_map(|caller| {
                    let channel = self.view.channels.get(&caller.channel)?;
                    if !self.sees_call(channel) {
                        return None;
                    }
                    let since = milliseconds(caller.joined_at);
                    let place = json!({"position": caller.position, "since": since});
                    Some(with(self.segment(channel), place))
                });
                Ok(shown.collect())
            }
            LiveOp::Segments => Ok(self.segments(&core, |_| true)),
            LiveOp::Segment => Ok(self.segment(&*self.channel(&core)?)),
            LiveOp::Dialing => {
                let channel = self.channel(&core)?;
                Ok(self.all(|other| rings(&channel, other)))
            }
            LiveOp::DialedBy => {
                let channel = self.channel(&core)?;
                Ok(self.all(|other| rings(other, &channel)))
            }
            LiveOp::LinkedTo => {
                let channel = self.channel(&core)?;
                Ok(self.all(|other| channel.bridged_to.as_ref() == Some(&other.id)))
            }
            LiveOp::Rooms => Ok(rooms::all(self.objects, self.view, &core)
                .iter()
                .filter(|room| self.sees(|_| room.thing()))
                .map(|room| self.show_room(room))
                .collect()),
            LiveOp::Room => Ok(self.show_room(&self.room(&core)?)),
            LiveOp::RoomSegments => {
                let room = self.room(&core)?;
                let members = room.running.iter().flat_map(|room| &room.members);
                let channels =
                    members.filter_map(|member| self.view.channels.get(&member.channel.id));
                let seen = channels.filter(|channel| self.sees_call(channel));
                Ok(seen.map(|channel| self.segment(channel)).collect())
            }
            LiveOp::Voicemail => self.voicemail(&core),
            LiveOp::Lots => Ok(find::lots(self.objects, self.view, &core)
                .iter()
                .filter(|lot| self.sees(|_| lot.thing()))
                .map(|lot| self.show_lot(lot))
                .collect()),
            LiveOp::Lot => Ok(self.show_lot(&self.lot(&core)?)),
            LiveOp::LotSegments => {
                let lot = self.lot(&core)?;
                let parked = lot.running.iter().flat_map(|lot| &lot.parked);
                let shown = parked.filter_map(|parked| {
                    let channel = self.view.channels.get(&parked.channel)?;
                    if !self.sees_call(channel) {
                        return None;
                    }
                    let place = json!({"slot": &*parked.slot, "since": milliseconds(parked.since)});
                    Some(with(self.segment(channel), place))
                });
                Ok(shown.collect())
            }
        }
    }

    fn extension(&self, core: &Object) -> Result<Arc<Object>, Refusal> {
        let extension = extension_of(self.objects, core, self.call.named(1))?;
        let sees = self.sees(|person| person.extension(&extension, self.objects));
        allowed(sees, extension)
    }

    fn user(&self, core: &Object) -> Result<Arc<Object>, Refusal> {
        let user = find::instance(
            self.objects,
            Kind::User,
            &core.id,
            "username",
            self.call.named(1),
        )?;
        allowed(self.sees_user(&user), user)
    }

    fn queue(&self, core: &Object) -> Result<QueueFound, Refusal> {
        let queue = queue_of(self.objects, self.view, core, self.call.named(1))?;
        allowed(self.sees(|_| queue.thing()), queue)
    }

    fn room(&self, core: &Object) -> Result<rooms::Room, Refusal> {
        let room = room_of(self.objects, self.view, core, self.call.named(1))?;
        allowed(self.sees(|_| room.thing()), room)
    }

    fn lot(&self, core: &Object) -> Result<LotFound, Refusal> {
        let lot = lot_of(self.objects, self.view, core, self.call.named(1))?;
        allowed(self.sees(|_| lot.thing()), lot)
    }

    fn channel(&self, core: &Object) -> Result<Arc<Channel>, Refusal> {
        let channel = channel_of(self.objects, self.view, core, self.call.place(1))?;
        allowed(self.sees_call(&channel), channel)
    }

    /// Whether something may be seen.
    fn sees<'t>(&self, thing: impl FnOnce(&Person) -> Thing<'t>) -> bool {
        let person = self.call.person();
        person.is_none_or(|person| person.may(Right::See, &thing(person)))
    }

    fn sees_user(&self, user: &Object) -> bool {
        let person = self.call.person();
        person.is_none_or(|person| person.sees_user(user, self.objects))
    }

    fn sees_call(&self, channel: &Channel) -> bool {
        self.call.person().is_none_or(|person| {
            let calls = self
                .calls
                .get_or_init(|| Calls::new(self.objects, self.view));
            calls.rights(person, channel).has(Right::Calls)
        })
    }

    /// For people, with what they may do there.
    fn with_rights<'t>(&self, shown: Value, thing: impl FnOnce(&Person) -> Thing<'t>) -> Value {
        match self.call.person() {
            Some(person) => with(
                shown,
                json!({"rights": person.rights(&thing(person)).words()}),
            ),
            None => shown,
        }
    }

    fn show_queue(&self, queue: &QueueFound) -> Value {
        self.with_rights(show::queue(queue), |_| queue.thing())
    }

    fn show_lot(&self, lot: &LotFound) -> Value {
        self.with_rights(show::lot(lot), |_| lot.thing())
    }

    fn show_room(&self, room: &rooms::Room) -> Value {
        self.with_rights(show::room(room), |_| room.thing())
    }

    fn segment(&self, channel: &Channel) -> Value {
        let mut shown = show_segment(channel, self.objects, self.shared);
        let dials = self.dials.get_or_init(|| dials(self.view));
        let dials = dials.get(&channel.id).map_or(&[][..], Vec::as_slice);
        show::relate(&mut shown, channel, dials, self.objects, self.view);
        shown
    }

    fn show_extension(&self, extension: &Object) -> Value {
        let shown = show::extension(extension, self.objects, self.view, &self.shared.following);
        self.with_rights(shown, |person| person.extension(extension, self.objects))
    }

    fn show_user(&self, core: &Object, user: &Object) -> Value {
        show::user(user, self.said_by(core, user).as_ref())
    }

    /// Those of a core server for which something is so.
    fn segments(&self, core: &Object, so: impl Fn(&Channel) -> bool) -> Value {
        self.all(|channel| is_of_core(channel, self.objects, core) && so(channel))
    }

    /// Those that may be seen for which something is so.
    fn all(&self, so: impl Fn(&Channel) -> bool) -> Value {
        let channels = self.view.channels_in_order();
        let those = channels.filter(|channel| so(channel) && self.sees_call(channel));
        those.map(|channel| self.segment(channel)).collect()
    }

    fn is_licensed(&self, extension: &Object) -> bool {
        match self.shared.config.licensing {
            Licensing::Open => true,
            Licensing::Compatible => {
                let user = self.objects.managing_user(extension);
                user.is_some_and(|user| user.flag("full") && user.flag("enabled"))
            }
        }
    }

    fn extensions_of(&self, core: &Object, user: &Object) -> Vec<Arc<Object>> {
        let all = self.objects.of(Kind::Extension, &core.id);
        let own = all.filter(|extension| {
            let bound = self.objects.managing_user(extension);
            bound.is_some_and(|bound| bound.id == user.id)
        });
        own.cloned().collect()
    }

    /// What a user says of themselves, by the first of their extensions that has said something.
    fn said_by(&self, core: &Object, user: &Object) -> Option<UserStatus> {
        // Most have said nothing; then nobody has to be looked for.
        let saying = || {
            self.view
                .users
                .values()
                .filter(|state| state.status.is_some())
        };
        saying().next()?;
        let own = self.extensions_of(core, user);
        own.iter().find_map(|extension| {
            let number = extension.text("extension");
            saying()
                .find(|state| &*state.user.user == number)?
                .status
                .clone()
        })
    }

    /// Where a user is signed in at the panel page: of themselves for people, of everybody for programs.
    fn logins(&self, core: &Object) -> Result<Value, Refusal> {
        let user = self.user(core)?;
        let person = self.call.person();
        let may = person.is_none_or(|person| person.user.id == user.id);
        let logins = self.shared.logins.of(&core.id, &user.id);
        let shown = logins.iter().map(show::login).collect();
        allowed(may, shown)
    }

    fn status(&self, core: &Object) -> Result<Value, Refusal> {
        let user = self.user(core)?;
        let none = || Refusal::not_found("The user has said nothing.");
        let status = self.said_by(core, &user).ok_or_else(none)?;
        Ok(show::status(&status))
    }
}

/// What may be seen.
fn allowed<T>(may: bool, found: T) -> Result<T, Refusal> {
    may.then_some(found).ok_or_else(Refusal::forbidden)
}

/// Members added to an object.
fn with(mut value: Value, more: Value) -> Value {
    if let (Value::Object(value), Value::Object(more)) = (&mut value, more) {
        value.extend(more);
    }
    value
}

/// Whom each segment rings.
fn dials(view: &View) -> HashMap<ChannelId, Vec<ChannelId>> {
    let mut dials: HashMap<_, Vec<_>> = HashMap::new();
    for dialled in view.channels_in_order() {
        let by = dialler(dialled).and_then(|id| view.channels.get(&id));
        if let Some(dialling) = by.filter(|dialling| rings(dialling, dialled)) {
            dials
                .entry(dialling.id.clone())
                .or_default()
                .push(dialled.id.clone());
        }
    }
    dials
}

/// Whether one is being called by another.
fn rings(dialling: &Channel, dialled: &Channel) -> bool {
    let by = dialler(dialled);
    !dialled.is_answered() && !dialled.is_down() && by.as_ref() == Some(&dialling.id)
}
