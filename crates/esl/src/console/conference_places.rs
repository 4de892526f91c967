//! Where the members of a conference are heard from (event-socket.md §6.6). Axes are those of rooms: metres to the right, up and
//! forward.

use super::conference::Target;
use crate::view::in_metres;
use api::command::room::{MemberTarget, RoomControl};
use api::id::{MemberId, ParticipantId};
use api::spatial::Position;
use api::view::Room;

/// The farthest a position may be from the middle, in metres along each axis.
const LIMIT_M: f64 = 1000.0;

impl Target<'_> {
    /// `position <member> [<x>:<y>:<z>]`
    pub(super) async fn position(&self, room: &Room) -> String {
        let members = match self.members(room) {
            Ok(members) => members,
            Err(text) => return text,
        };
        let position = match self.words.get(1).map(|word| metres(word)) {
            Some(None) => return self.syntax(),
            Some(Some(position)) => Some(position),
            None => None,
        };
        let mut out = String::new();
        for id in members {
            if position.is_some() {
                let target = MemberTarget::Id(id);
                if self
                    .ask(RoomControl::Position { target, position })
                    .await
                    .is_err()
                {
                    out.push_str(&format!("-ERR Non-Existant ID {id}\n"));
                    continue;
                }
            }
            out.push_str(&match self.place(id) {
                Some(place) => format!("+OK Position {id} = {}\n", in_metres(place)),
                None => format!("-ERR Member {id} has no position\n"),
            });
        }
        out
    }

    fn place(&self, id: MemberId) -> Option<Position> {
        let view = self.call.view();
        let stage = view.stages.get(self.name)?;
        let number = ParticipantId(i32::try_from(id.0).ok()?);
        Some(stage.participant(number)?.pose.position)
    }

    /// `auto-3d-position on|off`
    pub(super) async fn arrange(&self) -> String {
        let on = match self.words.first().map(String::as_str) {
            Some("on") => true,
            Some("off") => false,
            Some(_) | None => return self.syntax(),
        };
        let word = if on { "on" } else { "off" };
        self.flag(
            RoomControl::Arrange(on),
            &format!("auto-3d-position {word}"),
        )
        .await
    }
}

/// `x:y:z` in metres as whole centimetres.
fn metres(word: &str) -> Option<Position> {
    let mut parts = word.split(':').map(|part| {
        let metres: f64 = part.trim().parse().ok()?;
        (metres.abs() <= LIMIT_M).then(|| (metres * 100.0).round() as i32)
    });
    let position = Position {
        x: parts.next()??,
        y: parts.next()??,
        z: parts.next()??,
    };
    parts.next().is_none().then_some(position)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_three_numbers_of_metres() {
        let at = |x, y, z| Some(Position { x, y, z });
        assert_eq!(metres("1:0:-0.5"), at(100, 0, -50));
        assert_eq!(metres("1.00:0.00:0.00"), at(100, 0, 0));
        assert_eq!(metres("1000:-1000:0"), at(100_000, -100_000, 0));
        for wrong in [
            "", "1", "1:2", "1:2:3:4", "a:b:c", "1001:0:0", "NaN:0:0", "inf:0:0",
        ] {
            assert_eq!(metres(wrong), None, "{wrong}");
        }
    }
}
