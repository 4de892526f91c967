//! Who does not hear whom because somebody said so.

use super::Room;
use super::member::MemberId;
use crate::control::{LegId, Relation};

impl Room {
    /// What a member is to another; both have to be there.
    pub(crate) fn relate(&mut self, leg: LegId, other: LegId, relation: Relation) {
        let (Some(from), Some(to)) = (self.id_of(leg), self.id_of(other)) else {
            return;
        };
        self.relations.retain(|&(a, b, _)| a != from || b != to);
        if relation != Relation::Clear && self.relations.len() < Relation::MAX {
            self.relations.push((from, to, relation));
        }
        let relations = &self.relations;
        for member in &mut self.members {
            let me = member.id;
            if me != from && me != to {
                continue;
            }
            member.set_unheard(relations.iter().filter_map(
                |&(from, to, relation)| match relation {
                    Relation::NoSpeak => (to == me).then_some(from),
                    Relation::NoHear => (from == me).then_some(to),
                    Relation::Clear => None,
                },
            ));
        }
    }

    fn id_of(&mut self, leg: LegId) -> Option<MemberId> {
        self.member(leg).map(|member| member.id)
    }
}
