use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::*;
use crate::lookup::Lookup;
use crate::lookup::tests::Fixed;

fn noon() -> Zoned {
    // A Saturday.
    "2026-11-21T12:00"
        .parse::<DateTime>()
        .unwrap()
        .to_zoned(TimeZone::UTC)
        .unwrap()
}

fn dialplan(extensions: &str) -> Dialplan {
    Dialplan::from_text(&format!("<context name=\"default\">{extensions}</context>"))
        .unwrap_or_else(|errors| panic!("{errors:#?}"))
        .0
}

fn caller() -> Fixed {
    Fixed::new(&[
        ("@destination_number", "1001"),
        ("@caller_id_number", "5551234"),
        ("@caller_id_name", "Ann O'Nym"),
        ("@network_addr", "192.0.2.7"),
        ("domain_name", "example.org"),
        ("area", "555"),
        ("list", "ARRAY::a|:b"),
    ])
}

/// `app data` per action, `;` between them.
fn routed(extensions: &str) -> String {
    routed_for(&mut caller(), extensions)
}

fn routed_for(caller: &mut Fixed, extensions: &str) -> String {
    let route = dialplan(extensions)
        .route("default", caller, &noon())
        .unwrap();
    let steps: Vec<_> = route
        .actions
        .iter()
        .map(|a| format!("{} {}", a.application, a.data))
        .collect();
    steps.join(";").replace(" ;", ";").trim_end().to_owned()
}

/// Wraps conditions in one extension.
fn one(conditions: &str) -> String {
    format!("<extension name=\"x\">{conditions}</extension>")
}

const YES: &str = "field=\"destination_number\" expression=\"^1001$\"";
const NO: &str = "field=\"destination_number\" expression=\"^9$\"";

fn act(name: &str) -> String {
    format!("<action application=\"{name}\"/>")
}

fn anti(name: &str) -> String {
    format!("<anti-action application=\"{name}\"/>")
}

#[test]
fn what_groups_caught_is_told() {
    let of = |expression: &str| {
        let test = format!("field=\"destination_number\" expression=\"{expression}\"");
        let mut caller = caller();
        routed_for(
            &mut caller,
            &one(&format!("<condition {test}>{}</condition>", act("a"))),
        );
        caller.variable("caught").map(|caught| caught.into_owned())
    };
    assert_eq!(of("^(10)(01)$").as_deref(), Some("1001|10|01"));
    assert_eq!(of("^1001$"), None, "nothing is caught without groups");
    assert_eq!(of("^(99)$"), None, "nor where nothing matched");
}

#[test]
fn fields_and_captures() {
    for (test, data, expect) in [
        (
            "field=\"destination_number\" expression=\"^(10)(0)(1)$\"",
            "$1-$2-$3-$0-$4",
            "a 10-0-1-1001-",
        ),
        (
            "field=\"destination_number\" expression=\"^1001$\"",
            "user/$1",
            "a user/$1",
        ),
        ("field=\"caller_id_number\" expression=\"^555\"", "", "a"),
        (
            "field=\"network_addr\" expression=\"^192\\.0\\.2\\.\"",
            "x",
            "a x",
        ),
        (
            "field=\"${caller_id_number}\" expression=\"^555(\\d+)$\"",
            "$1",
            "a 1234",
        ),
        (
            "field=\"${caller_id_number:0:3}\" expression=\"^555$\"",
            "",
            "a",
        ),
        (
            "field=\"${destination_number}@${domain_name}\" expression=\"^1001@example.org$\"",
            "",
            "a",
        ),
        (
            "field=\"caller_id_number\" expression=\"^${area}(\\d+)$\"",
            "$1",
            "a 1234",
        ),
        (
            "field=\"caller_id_number\" expression=\"^${unset}$\"",
            "",
            "",
        ),
        ("field=\"domain_name\" expression=\"org$\"", "", "a"),
        ("field=\"${unset}\" expression=\"^$\"", "", "a"),
        ("field=\"rdnis\" expression=\"^$\"", "", "a"),
        ("field=\"${unset}\" expression=\"^.+$\"", "", ""),
        ("field=\"${list[1]}\" expression=\"^b$\"", "", "a"),
        (
            "field=\"${echo(x)}\" expression=\"^&lt;echo\\|x&gt;$\"",
            "",
            "a",
        ),
        ("field=\"caller_id_name\" expression=\"/^ann/i\"", "", "a"),
        ("field=\"caller_id_name\" expression=\"^ann\"", "", ""),
        (
            "field=\"caller_id_number\" expression=\"^(${broken((\"",
            "",
            "",
        ),
        ("", "always", "a always"),
    ] {
        let xml = one(&format!(
            "<condition {test}><action application=\"a\" data=\"{data}\"/></condition>"
        ));
        assert_eq!(routed(&xml), expect, "{test}");
    }
}

#[test]
fn variables_in_data_wait_for_their_turn() {
    let xml = one(
        "<condition field=\"destination_number\" expression=\"^(.*)$\">\
        <action application=\"bridge\" data=\"user/$1@${domain_name}\"/>\
        <action application=\"log\"><![CDATA[INFO <$1>]]></action></condition>",
    );
    assert_eq!(
        routed(&xml),
        "bridge user/1001@${domain_name};log INFO <1001>"
    );
}

#[test]
fn breaks_decide_what_is_looked_at_next() {
    // First condition, its break, second condition; first and second have one action and one anti-action each.
    for (first, how, second, expect) in [
        (YES, "", YES, "a1;a2"),
        (YES, "", NO, "a1;n2"),
        (NO, "", YES, "n1"),
        (YES, "on-false", YES, "a1;a2"),
        (NO, "on-false", YES, "n1"),
        (YES, "on-true", YES, "a1"),
        (NO, "on-true", YES, "n1;a2"),
        (YES, "always", YES, "a1"),
        (NO, "always", YES, "n1"),
        (YES, "never", YES, "a1;a2"),
        (NO, "never", YES, "n1;a2"),
        (NO, "never", NO, "n1;n2"),
    ] {
        let how_text = if how.is_empty() {
            String::new()
        } else {
            format!("break=\"{how}\"")
        };
        let xml = one(&format!(
            "<condition {first} {how_text}>{}{}</condition><condition {second}>{}{}</condition>",
            act("a1"),
            anti("n1"),
            act("a2"),
            anti("n2")
        ));
        assert_eq!(routed(&xml), expect, "{first} {how} {second}");
    }
}

#[test]
fn the_hunt_ends_with_the_first_match() {
    let last = format!(
        "<extension name=\"last\"><condition>{}</condition></extension>",
        act("last")
    );
    for (first, expect) in [
        (
            one(&format!("<condition {YES}>{}</condition>", act("a"))),
            "a",
        ),
        (
            one(&format!("<condition {NO}>{}</condition>", act("a"))),
            "last",
        ),
        (
            format!(
                "<extension name=\"x\" continue=\"true\"><condition {YES}>{}</condition></extension>",
                act("a")
            ),
            "a;last",
        ),
        // Anti-actions are a match of their own.
        (
            one(&format!("<condition {NO}>{}</condition>", anti("n"))),
            "n",
        ),
        // Two conditions are an "and"; what the first one gave stays.
        (
            one(&format!(
                "<condition {YES}/><condition {YES}>{}</condition>",
                act("a")
            )),
            "a",
        ),
        (
            one(&format!(
                "<condition {YES}/><condition {NO}>{}</condition>",
                act("a")
            )),
            "last",
        ),
        (
            one(&format!(
                "<condition {YES}>{}</condition><condition {NO}/>",
                act("a")
            )),
            "a;last",
        ),
        // A list of alternatives.
        (
            one(&format!(
                "<condition {NO} break=\"on-true\">{}</condition><condition {YES} break=\"on-true\">{}</condition>\
                 <condition>{}</condition>",
                act("a"),
                act("b"),
                act("c")
            )),
            "b",
        ),
        (one(""), "last"),
    ] {
        assert_eq!(routed(&format!("{first}{last}")), expect, "{first}");
    }
}

#[test]
fn several_tests_in_one_condition() {
    let yes =
        |n: &str| format!("<regex field=\"destination_number\" expression=\"^1001({n})?$\"/>");
    let no = "<regex field=\"destination_number\" expression=\"^9$\"/>";
    let number = "<regex field=\"caller_id_number\" expression=\"^555(\\d+)$\"/>";
    for (quorum, tests, expect) in [
        ("all", format!("{}{number}", yes("x")), "a 1234"),
        ("all", format!("{}{no}", yes("x")), "n"),
        ("any", format!("{no}{number}"), "a 1234"),
        ("any", format!("{no}{no}"), "n"),
        ("xor", format!("{no}{number}"), "a 1234"),
        ("xor", format!("{}{number}", yes("x")), "n"),
        ("xor", format!("{no}{no}"), "n"),
    ] {
        let xml = one(&format!(
            "<condition regex=\"{quorum}\">{tests}<action application=\"a\" data=\"$1\"/>{}</condition>",
            anti("n")
        ));
        assert_eq!(routed(&xml), expect, "{quorum} {tests}");
    }
}

#[test]
fn conditions_inside_conditions() {
    let last = format!(
        "<extension name=\"last\"><condition>{}</condition></extension>",
        act("last")
    );
    for (outer, inner, expect) in [
        (
            "",
            format!("<condition {YES}>{}</condition>", act("in")),
            "out;in",
        ),
        (
            "",
            format!("<condition {NO}>{}</condition>", act("in")),
            "out;last",
        ),
        (
            "",
            format!("<condition {NO}>{}</condition>", anti("not")),
            "out;not",
        ),
        (
            "require-nested=\"false\"",
            format!("<condition {NO}>{}</condition>", act("in")),
            "out",
        ),
        (
            "",
            format!(
                "<condition {NO} break=\"never\"/><condition {YES}>{}</condition>",
                act("in")
            ),
            "out;in",
        ),
    ] {
        let xml = one(&format!(
            "<condition {YES} {outer}>{inner}{}</condition>",
            act("out")
        ));
        assert_eq!(routed(&format!("{xml}{last}")), expect, "{outer} {inner}");
    }
    let closed = one(&format!(
        "<condition {NO}>{}<condition {YES}>{}</condition></condition>",
        act("out"),
        act("in")
    ));
    assert_eq!(routed(&closed), "");
}

#[test]
fn inline_actions_are_seen_by_later_conditions() {
    let mut caller = caller();
    let xml = format!(
        "{}{}",
        "<extension name=\"a\" continue=\"true\"><condition field=\"caller_id_number\" expression=\"^(555)\">\
         <action application=\"set\" data=\"vip=$1@${domain_name}\" inline=\"true\"/>\
         <action application=\"set\" data=\"late=1\"/></condition></extension>",
        "<extension name=\"b\"><condition field=\"${vip}\" expression=\"^555@example.org$\">\
         <condition field=\"${late}\" expression=\"^$\"><action application=\"park\"/></condition></condition></extension>"
    );
    assert_eq!(routed_for(&mut caller, &xml), "set late=1;park");
    assert_eq!(
        caller.ran,
        [("set".to_owned(), "vip=555@example.org".to_owned())]
    );
}

#[test]
fn time_and_field_must_both_hold() {
    for (attributes, expect) in [
        ("wday=\"7\" hour=\"9-17\"".to_owned(), "a"),
        ("wday=\"2-6\"".to_owned(), "n"),
        (format!("wday=\"sat\" {YES}"), "a"),
        (format!("wday=\"sat\" {NO}"), "n"),
        (format!("wday=\"sun\" {YES}"), "n"),
    ] {
        let xml = one(&format!(
            "<condition {attributes}>{}{}</condition>",
            act("a"),
            anti("n")
        ));
        assert_eq!(routed(&xml), expect, "{attributes}");
    }
}

#[test]
fn a_slow_expression_counts_as_failed() {
    let mut caller = Fixed::new(&[("@destination_number", &("a".repeat(40) + "b"))]);
    let xml = one(&format!(
        "<condition field=\"destination_number\" expression=\"^(a+)+$\">{}{}</condition>",
        act("a"),
        anti("n")
    ));
    assert_eq!(routed_for(&mut caller, &xml), "n");
}

#[test]
fn the_extension_is_named() {
    let plan = dialplan(&format!(
        "<extension name=\"first\" continue=\"true\"><condition {YES}/></extension>\
         <extension name=\"second\"><condition {NO}/></extension>"
    ));
    let route = plan.route("default", &mut caller(), &noon()).unwrap();
    assert_eq!(route.extension.as_deref(), Some("first"));
    assert_eq!(
        plan.route("nowhere", &mut caller(), &noon()),
        Err(HuntError::NoSuchContext)
    );
    assert_eq!(
        plan.extensions("default").collect::<Vec<_>>(),
        ["first", "second"]
    );
}

#[test]
fn a_route_is_bounded() {
    let many = act("a").repeat(MAX_ROUTE + 1);
    let plan = dialplan(&one(&format!("<condition>{many}</condition>")));
    assert_eq!(
        plan.route("default", &mut caller(), &noon()),
        Err(HuntError::TooLong)
    );
}

#[test]
fn mistakes_are_named_with_their_place() {
    for (xml, expect) in [
        (
            "<extension name=\"x\"><condition field=\"a\" expression=\"(\"/></extension>",
            "2:54: expression \"(\": ",
        ),
        (
            "<extension name=\"x\"><condition expression=\"x\"/></extension>",
            "2:44: expression needs a field",
        ),
        (
            "<extension name=\"x\"><condition break=\"maybe\"/></extension>",
            "2:39: break is on-false",
        ),
        (
            "<extension name=\"x\" continue=\"perhaps\"/>",
            "2:31: continue is true or false",
        ),
        (
            "<extension name=\"x\"><condition hour=\"25\"/></extension>",
            "2:38: hour=\"25\": ",
        ),
        (
            "<extension name=\"x\"><condition regex=\"some\"/></extension>",
            "2:39: regex is all, any or xor",
        ),
        (
            "<extension name=\"x\"><condition regex=\"any\"/></extension>",
            "2:21: a condition with regex has no usable",
        ),
        (
            "<extension name=\"x\"><condition><regex field=\"a\"/></condition></extension>",
            "2:32: <regex> needs a condition",
        ),
        (
            "<extension name=\"x\"><condition><action data=\"x\"/></condition></extension>",
            "2:32: an action has no application",
        ),
    ] {
        let errors =
            Dialplan::from_text(&format!("<context name=\"c\">\n{xml}</context>")).expect_err(xml);
        let text = errors[0].to_string();
        assert!(
            text.starts_with(&format!("/dialplan.xml:{expect}")),
            "{xml}: {text}"
        );
    }
    let errors = Dialplan::from_text("<context/>").unwrap_err();
    assert_eq!(errors[0].message, "a context has no name");
}

#[test]
fn suspicious_things_are_warned_about() {
    for (xml, expect) in [
        ("<extension name=\"x\"/>", "never matches"),
        (
            "<extension name=\"x\"><condition hours=\"9\"/></extension>",
            "attribute hours of <condition>",
        ),
        (
            "<extension name=\"x\"><condition field=\"a\"/></extension>",
            "matches always",
        ),
        (
            "<extension name=\"x\"><condition><axtion/></condition></extension>",
            "<axtion> means nothing",
        ),
        ("</context><context name=\"c\">", "a second time"),
    ] {
        let (_, warnings) =
            Dialplan::from_text(&format!("<context name=\"c\">{xml}</context>")).expect(xml);
        assert!(
            warnings.iter().any(|w| w.message.contains(expect)),
            "{xml}: {warnings:?}"
        );
    }
}

#[test]
fn nesting_is_bounded() {
    let deep = format!("{}{}", "<condition>".repeat(40), "</condition>".repeat(40));
    let errors =
        Dialplan::from_text(&format!("<context name=\"c\">{}</context>", one(&deep))).unwrap_err();
    assert!(errors[0].message.contains("nested deeper"), "{errors:?}");
}
