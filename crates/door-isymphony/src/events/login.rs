//! People who sign in at the panel, and out (event-api.md §5.1 `userLogin`, `userLogout`).
//!
//! The switch knows nothing of that: the door fires an event of its own, so that it comes in its place among all others.

use api::event::CustomEvent;

use super::Teller;
use crate::wire::Line;

/// Subclass of the event that somebody has signed in.
pub(crate) const LOGIN: &str = "isymphony::login";
/// The same of signing out.
pub(crate) const LOGOUT: &str = "isymphony::logout";

/// Members that are texts; `port` is a number.
const TEXTS: [&str; 5] = ["coreServerId", "ip", "userId", "userLoginId", "username"];

impl Teller<'_> {
    pub(super) fn of_login(&self, event: &CustomEvent) -> Option<Line> {
        let kind = match event.subclass.as_deref()? {
            LOGIN => "userLogin",
            LOGOUT => "userLogout",
            _ => return None,
        };
        let value = |wanted: &str| {
            let mut headers = event.headers.iter();
            headers
                .find(|(name, _)| &**name == wanted)
                .map(|(_, value)| &**value)
        };
        let mut line = self.line(kind);
        for name in TEXTS {
            line.set(name, value(name)?);
        }
        line.set("port", value("port")?.parse::<u16>().ok()?);
        Some(line)
    }
}
