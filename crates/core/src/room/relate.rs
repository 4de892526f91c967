//! One-way rules between two members: who is not heard by whom.

use api::command::room::RelateRule;
use api::id::MemberId;
use api::view::Relation;
use api::{CommandError, ErrorKind, ObjectKind};
use media::control::{MediaCommand, Relation as MixRelation, RoomId as MixId};

use crate::Switch;

/// A rule that was taken is one the mix keeps.
const _: () = assert!(Relation::MAX == MixRelation::MAX);

impl Switch {
    /// Sets or clears what `member` is to `other`.
    ///
    /// # Errors
    /// `NotFound(Member)`; `LimitReached` when the mix would not keep one more.
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
        let is_this = |known: &Relation| known.member == member && known.other == other;
        let known = &room.seen.relations;
        let is_more = rule != RelateRule::Clear && !known.iter().any(is_this);
        if is_more && known.len() >= Relation::MAX {
            return Err(CommandError::new(
                ErrorKind::LimitReached,
                "the conference has as many relationships as it can keep",
            ));
        }
        let relations = &mut room.seen_mut().relations;
        relations.retain(|known| !is_this(known));
        let relation = match rule {
            RelateRule::Clear => MixRelation::Clear,
            RelateRule::NoSpeak => MixRelation::NoSpeak,
            RelateRule::NoHear => MixRelation::NoHear,
        };
        if rule != RelateRule::Clear {
            relations.push(Relation {
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
