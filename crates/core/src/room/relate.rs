//! One-way rules between two members: who is not heard by whom.

use api::command::room::RelateRule;
use api::id::MemberId;
use api::{CommandError, ObjectKind};
use media::control::{MediaCommand, Relation as MixRelation, RoomId as MixId};

use crate::Switch;

impl Switch {
    /// Sets or clears what `member` is to `other`.
    ///
    /// # Errors
    /// `NotFound(Member)`.
    pub(super) fn relate_members(
        &mut self,
        mix: MixId,
        member: MemberId,
        other: MemberId,
        rule: RelateRule,
    ) -> Result<(), CommandError> {
        let missing = || CommandError::not_found(ObjectKind::Member);
        let room = self.rooms.all.get_mut(&mix).ok_or_else(missing)?;
        let worker = room.worker;
        let leg = room.live(member).ok_or_else(missing)?.leg;
        let other_leg = room.live(other).ok_or_else(missing)?.leg;
        let relations = &mut room.seen_mut().relations;
        relations.retain(|known| known.member != member || known.other != other);
        let relation = match rule {
            RelateRule::Clear => MixRelation::Clear,
            RelateRule::NoSpeak => MixRelation::NoSpeak,
            RelateRule::NoHear => MixRelation::NoHear,
        };
        if rule != RelateRule::Clear {
            relations.push(api::view::Relation {
                member,
                other,
                nospeak: rule == RelateRule::NoSpeak,
                nohear: rule == RelateRule::NoHear,
            });
        }
        self.media(
            worker,
            MediaCommand::Relate {
                room: mix,
                leg,
                other: other_leg,
                relation,
            },
        );
        self.renew_room(mix);
        Ok(())
    }
}
