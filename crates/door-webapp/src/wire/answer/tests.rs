use super::*;

fn actions(text: &str) -> Result<Vec<Action>, String> {
    let whole = format!(r#"{{"actions": [{text}]}}"#);
    read(whole.as_bytes())
        .map(|answer| answer.actions)
        .map_err(|wrong| wrong.to_string())
}

#[test]
fn an_answer_is_read_in_order() {
    let answer = read(
        br##"{"actions": [{"answer": {}}, {"play": {"file": "welcome.wav", "terminators": "*#"}},
             {"collect": {"max": 4, "prompt": {"tone": "%(200,0,800)"}, "pattern": "^1\\d{3}$"}},
             {"set": {"b": "2", "a": "${x}"}}],
            "next": "/digits", "variables": ["language"]}"##,
    )
    .unwrap();
    let names: Vec<&str> = answer.actions.iter().map(Action::name).collect();
    assert_eq!(names, ["answer", "play", "collect", "set"]);
    assert_eq!(answer.next.as_deref(), Some("/digits"));
    assert_eq!(answer.variables, Some(vec!["language".to_owned()]));
    let Action::Collect(collect) = &answer.actions[2] else {
        panic!("{:?}", answer.actions);
    };
    let (min, max, tries) = (collect.min, collect.max, collect.tries);
    assert_eq!((min, max, tries, collect.timeout_ms), (1, 4, 1, 5_000));
    assert_eq!(collect.terminators, "#");
    let Action::Set(Pairs(pairs)) = &answer.actions[3] else {
        panic!("{:?}", answer.actions);
    };
    assert_eq!(pairs[0], ("b".to_owned(), "2".to_owned()));
}

#[test]
fn what_is_wrong_is_said_with_its_action() {
    for (text, says) in [
        ("", "an answer needs 1 to 32 actions"),
        (
            r#"{"answer": {}}, {"dance": {}}"#,
            "action 2: unknown variant `dance`",
        ),
        (
            r#"{"play": {"flie": "a"}}"#,
            "action 1: unknown field `flie`",
        ),
        (
            r#"{"play": {"file": 3}}"#,
            "action 1: invalid type: integer `3`, expected a string",
        ),
        (r#"{"play": {"file": "a", "file": "b"}}"#, "duplicate field"),
        (
            r#"{"play": {}}"#,
            "action 1: play: one of file, tone and silence_ms",
        ),
        (
            r#"{"play": {"file": "a", "tone": "b"}}"#,
            "one of file, tone and silence_ms",
        ),
        (r#"{"play": {"file": "{loops=-1}a"}}"#, "file"),
        (r#"{"play": {"file": "http://a/b.wav"}}"#, "file"),
        (r#"{"play": {"file": "a", "loops": 0}}"#, "loops"),
        (
            r#"{"play": {"file": "a", "terminators": "x"}}"#,
            "terminators",
        ),
        (
            r#"{"play": {"file": "a", "loops": 1.5}}"#,
            "invalid type: floating point",
        ),
        (
            r#"{"play": {"file": "a", "loops": -1}}"#,
            "invalid value: integer `-1`",
        ),
        (r#"{"play": "a"}"#, "expected struct Play"),
        (r#"{"answer": {}, "park": {}}"#, "action 1"),
        (r#""answer""#, "action 1"),
        (r#"{"say": {"kind": "number"}}"#, "missing field `text`"),
        (r#"{"say": {"kind": "a b", "text": "1"}}"#, "kind"),
        (r#"{"say": {"kind": "number", "text": " "}}"#, "text"),
        (r#"{"collect": {}}"#, "missing field `max`"),
        (r#"{"collect": {"max": 2, "min": 3}}"#, "min and max"),
        (r#"{"collect": {"max": 129}}"#, "min and max"),
        (
            r#"{"collect": {"max": 1, "timeout_ms": 999}}"#,
            "timeout_ms",
        ),
        (r#"{"collect": {"max": 1, "pattern": "a'b"}}"#, "pattern"),
        (
            r#"{"collect": {"max": 1, "prompt": {"file": "a'b"}}}"#,
            "prompt",
        ),
        (r#"{"record": {"file": "/etc/passwd.wav"}}"#, "file"),
        (r#"{"record": {"file": "a/../../b.wav"}}"#, "file"),
        (r#"{"record": {"file": "a b.wav"}}"#, "file"),
        (r#"{"record": {"file": "a.txt"}}"#, "file"),
        (r#"{"record": {"file": "a.wav", "max_s": 0}}"#, "max_s"),
        (r#"{"bridge": {"to": []}}"#, "to"),
        (r#"{"bridge": {"to": ["{api_on_answer=x}user/1"]}}"#, "to"),
        (r#"{"bridge": {"to": ["user/1,user/2"]}}"#, "to"),
        (r#"{"bridge": {"to": ["loopback/app=system:x"]}}"#, "to"),
        (r#"{"transfer": {"extension": "a b"}}"#, "extension"),
        (
            r#"{"transfer": {"extension": "1", "dialplan": "inline"}}"#,
            "unknown field",
        ),
        (r#"{"set": {"api_on_answer": "status"}}"#, "may not be set"),
        (r#"{"set": {"EXECUTE_ON_answer": "x"}}"#, "may not be set"),
        (r#"{"set": {"a=b": "x"}}"#, "no name of a variable"),
        (r#"{"set": {"a": 1}}"#, "expected a string"),
        (r#"{"sleep": {"ms": 0}}"#, "ms"),
        (r#"{"hangup": {"cause": "NOTHING"}}"#, "cause"),
        (r#"{"conference": {"name": "a+b"}}"#, "name"),
        (r#"{"conference": {"name": "a", "flags": ["x}"]}}"#, "flags"),
        (
            r#"{"hangup": {}}, {"answer": {}}"#,
            "action 1: nothing comes after hangup",
        ),
    ] {
        let wrong = actions(text).unwrap_err();
        assert!(wrong.contains(says), "{text}: {wrong}");
    }
}

#[test]
fn bounds_hold() {
    let many = |n: usize| vec![r#"{"sleep": {"ms": 1}}"#; n].join(",");
    assert_eq!(actions(&many(32)).unwrap().len(), 32);
    assert!(actions(&many(33)).unwrap_err().contains("more than 32"));
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    assert!(read(deep.as_bytes()).is_err());
    assert!(actions(&format!(r#"{{"play": {{"file": {deep}}}}}"#)).is_err());
    let names = vec!["\"v\""; 65].join(",");
    let asked = format!(r#"{{"actions": [{{"answer": {{}}}}], "variables": [{names}]}}"#);
    assert!(read(asked.as_bytes()).is_err());
    let pairs: Vec<String> = (0..65).map(|n| format!("\"v{n}\": \"\"")).collect();
    let set = actions(&format!(r#"{{"set": {{{}}}}}"#, pairs.join(",")));
    assert!(set.unwrap_err().contains("more than 64"));
}

#[test]
fn a_complaint_is_one_short_line() {
    let nasty = format!(r#"{{"\u001b[31m\n{}": {{}}}}"#, "x".repeat(5_000));
    let wrong = actions(&nasty).unwrap_err();
    assert!(wrong.chars().count() <= LONGEST_COMPLAINT);
    assert!(!wrong.chars().any(char::is_control), "{wrong:?}");
}
