//! Everything that reads what a stranger wrote, for the fuzzer.

use crate::cpim::Cpim;
use crate::dialect::{Dialect, Translator};
use crate::imdn::Imdn;
use crate::session::parse;
use crate::wire::Request;

/// Reads a text frame as every dialect would. True when it is a request of any.
pub fn request(text: &str) -> bool {
    let Some(incoming) = parse(text) else {
        return false;
    };
    let mut any = false;
    for dialect in [Dialect::V1, Dialect::V2] {
        let mut translator = Translator::new(dialect);
        let (name, members) = translator.inbound(&incoming.name, incoming.members.clone());
        any |= Request::read(&name, &members, dialect != Dialect::V2).is_ok();
    }
    any
}

/// Reads a wrapped message. What can be read, is printed and read again, must be the same.
///
/// # Panics
/// When it is not.
pub fn cpim(bytes: &[u8]) {
    let Ok(message) = Cpim::parse(bytes) else {
        return;
    };
    let printed = message.print();
    if printed.len() <= crate::cpim::MAX
        && let Ok(again) = Cpim::parse(&printed)
    {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(text(&again.print()), text(&printed), "printing is stable");
    }
    Imdn::parse(&message.content);
}
