use std::sync::Arc;

use api::View;
use api::view::{Directory, DirectoryUser, Domain};

use super::*;

fn view() -> View {
    let user = Arc::new(DirectoryUser {
        id: "1000".into(),
        domain: "d".into(),
        params: vec![("password".into(), "1234".into())],
        variables: vec![("toll_allow".into(), "local".into())],
        attributes: vec![("id".into(), "1000".into())],
        groups: vec!["sales".into()],
    });
    let domain = Domain {
        name: "d".into(),
        users: vec![user],
        index: [("1000".into(), 0)].into(),
        variables: vec![("area".into(), "918".into())],
        ..Domain::default()
    };
    let mut view = View {
        directory: Arc::new(Directory {
            domains: vec![domain],
        }),
        ..View::default()
    };
    view.globals.insert_mut("hostname".into(), "pbx1".into());
    view
}

fn ask(function: &str, arguments: &str) -> Option<String> {
    let view = view();
    let now = jiff::Timestamp::from_second(1_795_229_351)
        .unwrap()
        .to_zoned(jiff::tz::TimeZone::UTC);
    call(
        &Scope {
            channel: None,
            view: &view,
            now,
            called: RefCell::default(),
        },
        function,
        arguments,
    )
}

#[test]
fn table() {
    for (function, arguments, answer) in [
        // Recorded.
        ("strftime", "", "2026-11-21 02:49:11"),
        ("strftime", "%Y-%m-%d %T", "2026-11-21 02:49:11"),
        ("strftime", "0|%Y-%m-%d %H:%M:%S", "Y-01-01 00:00:00"),
        ("strftime", "1700000000|%F %T %z", "F 22:13:20 +0000"),
        ("strftime_tz", "", "2026-11-21 02:49:11"),
        (
            "strftime_tz",
            "Nope/Zone %F",
            "-ERR Invalid timezone/format",
        ),
        ("user_exists", "id 1000 d", "true"),
        ("user_exists", "id 9999 d", "false"),
        ("user_exists", "1000", "false"),
        ("user_data", "1000@d var toll_allow", "local"),
        ("user_data", "1000@d param password", "1234"),
        ("user_data", "1000@d attr id", "1000"),
        ("user_data", "1000@d var nope", ""),
        ("user_data", "", ""),
        ("domain_exists", "d", "true"),
        ("domain_exists", "nosuch", "false"),
        ("domain_data", "d var area", "918"),
        ("sofia_contact", "1000@d", "error/user_not_registered"),
        ("sofia_count_reg", "1000@d", "0"),
        ("sofia_count_reg", "", "-1"),
        ("sofia_username_of", "1000@d", ""),
        // Derived from the page.
        ("in_group", "1000@d sales", "true"),
        ("in_group", "1000@d nobody", "false"),
        ("hostname", "", "pbx1"),
        ("global_getvar", "hostname", "pbx1"),
        ("echo", "a  b", "a  b"),
        ("TOUPPER", "aBc", "ABC"),
        ("tolower", "aBc", "abc"),
        ("url_encode", "a b+ü", "a%20b%2B%C3%BC"),
        (
            "say_string",
            "en.gsm en number pronounced 21",
            "file_string://digits/20.gsm!digits/1.gsm",
        ),
        ("say_string", "en", ""),
        ("quote_shell_arg", "a'b", r"'a'\''b'"),
        ("sql_escape", "O'Hara", "O''Hara"),
        ("url_decode", "a%20b%2B%C3%BC%4", "a b+ü%4"),
        ("cond", "1 == 1.0 ? yes : no", "yes"),
        ("cond", "10 > 9 ? yes : no", "yes"),
        ("cond", "b < a ? yes : no", "no"),
        ("cond", "'' == '' ? empty : 'not empty'", "empty"),
        ("cond", "x != y ? 'a b' : c", "a b"),
        ("cond", "x", ""),
        ("regex", "abc|b", "true"),
        ("regex", "abc|^b", "false"),
        ("regex", "5551234|^555(\\d+)$|+%1", "+1234"),
        ("regex", "5551234|^555(\\d+)$|$1-$0", "1234-5551234"),
        ("regex", "x|y|z", "x"),
        ("regex", "x|y|z|n", ""),
        ("regex", "x|y|z|b", "false"),
        ("regex", "m:~a|b~(a)\\|~<%1>", "<a>"),
        ("regex", "x|(", "-ERR"),
    ] {
        assert_eq!(
            ask(function, arguments).as_deref(),
            Some(answer),
            "{function} {arguments}"
        );
    }
}

#[test]
fn unknown_functions_are_unknown() {
    assert_eq!(ask("system", "rm"), None);
    assert_eq!(ask("create_uuid", ""), None);
}

#[test]
fn an_expression_that_never_ends_is_given_up() {
    let data = format!("{}!", "a".repeat(40));
    assert_eq!(
        ask("regex", &format!("{data}|^(a+)+$")).as_deref(),
        Some("-ERR")
    );
}
