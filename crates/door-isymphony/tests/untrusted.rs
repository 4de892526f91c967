//! What strangers write breaks nothing.

use jackfield_door_isymphony::untrusted;
use proptest::prelude::*;

proptest! {
    #[test]
    fn any_message(text in ".*") {
        untrusted::message(&text);
        untrusted::request(&text);
    }

    /// Near what is meant, with what the manual prints.
    #[test]
    fn nearly_a_filter(parts in proptest::collection::vec(prop_oneof![
        Just("{"), Just("}"), Just("["), Just("]"), Just(":"), Just(","), Just("..."), Just("\"type\""),
        Just("\"filter\""), Just("\"filters\""), Just("\"property\""), Just("\"value\""), Just("\"*\""),
        Just("\"correlationId\""), Just("1e9"), Just("null"), Just("\"\\u00e9\\\"\""), Just(" "),
    ], 0..60)) {
        untrusted::message(&parts.concat());
    }

    /// Near files of older installations.
    #[test]
    fn nearly_a_file(parts in proptest::collection::vec(prop_oneof![
        Just("<tenant name='a'>"), Just("</tenant>"), Just("<extension extension_val='1' email='e'/>"), Just("<a>"),
        Just("</a>"), Just("<profile name='p' managed_extensions='1,2'/>"), Just("communication_manager"), Just("<SSLKeystore filename='"),
        Just("'/>"), Just("10.0.0.0/255.0.0.0"), Just("1.*.*.*"), Just("&amp;"), Just("&#0;"), Just("<!DOCTYPE a>"), Just("{"), Just("}"),
        Just("\"tenants\":"), Just("["), Just("]"), Just(","), Just("<![CDATA["), Just("\u{e9}"),
    ], 0..40)) {
        untrusted::import(&parts.concat());
        untrusted::import(&format!("<s><communication_manager>{}</communication_manager></s>", parts.concat()));
    }
}

#[test]
fn what_the_manual_prints_is_a_request() {
    assert!(untrusted::message(
        r#"{"type":"filter","filters":[{"property" : "type" : "value" : "dial"},...]}"#
    ));
    assert!(!untrusted::message(r#"{"type":"x"}"#));
}
