use super::*;
use crate::config_xml::TextFiles;

fn files(list: &[(&str, &str)]) -> TextFiles {
    let mut files = TextFiles::new();
    for (path, text) in list {
        files.insert(path, *text);
    }
    files
}

fn joined(list: &[(&str, &str)]) -> Expanded {
    match preprocess(&files(list), "/c/root.xml".as_ref(), Globals::new()) {
        Ok(expanded) => expanded,
        Err(errors) => panic!("{errors:#?}"),
    }
}

fn refused(list: &[(&str, &str)]) -> Vec<String> {
    preprocess(&files(list), "/c/root.xml".as_ref(), Globals::new())
        .expect_err("it must be refused")
        .iter()
        .map(ToString::to_string)
        .collect()
}

/// One file through the pre-processor, without the wrapper.
fn check(input: &str, expect: &str) {
    let out = joined(&[("/c/root.xml", input)]).text;
    let inside = out
        .strip_prefix(WRAPPER_OPEN)
        .and_then(|o| o.strip_suffix(WRAPPER_CLOSE));
    assert_eq!(inside, Some(expect), "{input}");
}

#[test]
fn one_file() {
    for (input, expect) in [
        ("<a/>", "<a/>"),
        ("\u{feff}<?xml version=\"1.0\"?><a/>", "<a/>"),
        (
            "<X-PRE-PROCESS cmd=\"set\" data=\"x=1\"/><a b=\"$${x}\">$${x}</a>",
            "<a b=\"1\">1</a>",
        ),
        (
            "<X-PRE-PROCESS cmd=\"set\" data=\" x = 1 \"/>[$${x}]",
            "[1]",
        ),
        ("<!--#set \"x=1\" -->$${x}", "1"),
        (
            "<X-PRE-PROCESS cmd='set' data='x=1'/><X-PRE-PROCESS cmd='set' data='y=$${x}2'/>$${y}",
            "12",
        ),
        ("a<!-- gone -- <b> \"' -->c", "ac"),
        ("$${unset}x", "x"),
        ("${left} $$ $${open", "${left} $$ $${open"),
        ("<include><a/></include>", "<a/>"),
        ("<INCLUDE ><a/></INCLUDE>", "<a/>"),
        ("<includes/>", "<includes/>"),
        (
            "<a b=\"x & y < z &amp; &#65;\"/>",
            "<a b=\"x &amp; y &lt; z &amp; &#65;\"/>",
        ),
        (
            "<a b='it is \"so\"' c=\"it's\"/>x's",
            "<a b='it is \"so\"' c=\"it's\"/>x's",
        ),
        ("x & y &bogus; &lt;", "x &amp; y &amp;bogus; &lt;"),
        (
            "<X-PRE-PROCESS cmd='set' data='x=<\"&'/><a b=\"$${x}\" c='$${x}'/>",
            "<a b=\"&lt;&quot;&amp;\" c='&lt;\"&amp;'/>",
        ),
        (
            "<X-PRE-PROCESS cmd='set' data='x=1'/><![CDATA[<& $${x} \"]]><b c=\"&\"/>",
            "<![CDATA[<& 1 \"]]><b c=\"&amp;\"/>",
        ),
        (
            "<X-NO-PRE-PROCESS cmd=\"exec\" data=\"rm\"/>",
            "<X-NO-PRE-PROCESS cmd=\"exec\" data=\"rm\"/>",
        ),
    ] {
        check(input, expect);
    }
}

#[test]
fn includes_are_relative_to_their_file_and_sorted() {
    let out = joined(&[
        (
            "/c/root.xml",
            "<r><X-PRE-PROCESS cmd=\"include\" data=\"d/*.xml\"/></r>",
        ),
        ("/c/d/b.xml", "<include><b/></include>"),
        (
            "/c/d/a.xml",
            "<include><a/><X-PRE-PROCESS cmd=\"include\" data=\"a/x.xml\"/></include>",
        ),
        ("/c/d/a/x.xml", "<x/>"),
        ("/c/d/c.txt", "<c/>"),
    ]);
    assert_eq!(out.text, "<joined><r><a/><x/><b/></r></joined>");
}

#[test]
fn a_pattern_that_finds_nothing_is_no_error_but_a_missing_file_is() {
    let root = "<a/>\n <X-PRE-PROCESS cmd=\"include\" data=\"none/*.xml\"/>\n";
    assert_eq!(
        joined(&[("/c/root.xml", root)]).text,
        "<joined><a/>\n \n</joined>"
    );
    assert_eq!(
        refused(&[(
            "/c/root.xml",
            "\n  <X-PRE-PROCESS cmd=\"include\" data=\"none.xml\"/>"
        )]),
        ["/c/root.xml:2:3: cannot read /c/none.xml: no such file"]
    );
    assert_eq!(
        refused(&[]),
        ["/c/root.xml:0:0: cannot read /c/root.xml: no such file"]
    );
}

#[test]
fn every_error_is_reported() {
    let errors = refused(&[
        (
            "/c/root.xml",
            "<X-PRE-PROCESS cmd=\"exec\" data=\"date\"/>\n<X-PRE-PROCESS cmd=\"include\" data=\"b.xml\"/>\n<X-PRE-PROCESS cmd=\"set\" data=\"novalue\"/>",
        ),
        (
            "/c/b.xml",
            "<a/>\n  <X-PRE-PROCESS cmd=\"env-set\" data=\"x=HOME\"/><X-PRE-PROCESS cmd=\"frob\" data=\"\"/>\n<X-PRE-PROCESS data=\"\"/><!-- open",
        ),
    ]);
    let starts = [
        "/c/root.xml:1:1: exec is refused",
        "/c/b.xml:2:3: env-set is refused",
        "/c/b.xml:2:47: unknown pre-process command \"frob\"",
        "/c/b.xml:3:1: X-PRE-PROCESS has no cmd",
        "/c/b.xml:3:25: a comment is never closed",
        "/c/root.xml:3:1: set needs data",
    ];
    assert_eq!(errors.len(), starts.len(), "{errors:#?}");
    for (error, start) in errors.iter().zip(starts) {
        assert!(error.starts_with(start), "{error} against {start}");
    }
}

#[test]
fn circles_and_depth_are_refused() {
    let errors = refused(&[
        (
            "/c/root.xml",
            "<X-PRE-PROCESS cmd=\"include\" data=\"./b.xml\"/>",
        ),
        (
            "/c/b.xml",
            "\n<X-PRE-PROCESS cmd=\"include\" data=\"../c/root.xml\"/>",
        ),
    ]);
    assert_eq!(errors, ["/c/b.xml:2:1: /c/root.xml includes itself"]);

    let mut deep = TextFiles::new();
    for depth in 0..30 {
        deep.insert(
            format!("/c/{depth}.xml"),
            format!(
                "<X-PRE-PROCESS cmd=\"include\" data=\"{}.xml\"/>",
                depth + 1
            ),
        );
    }
    let errors = preprocess(&deep, "/c/0.xml".as_ref(), Globals::new()).unwrap_err();
    assert_eq!(
        errors[0].to_string(),
        "/c/15.xml:1:1: includes are nested deeper than 16"
    );
}

#[test]
fn doubling_a_variable_stays_small() {
    let mut text = String::from("<X-PRE-PROCESS cmd=\"set\" data=\"a=0123456789\"/>\n");
    for _ in 0..40 {
        text += "<X-PRE-PROCESS cmd=\"set\" data=\"a=$${a}$${a}\"/>\n";
    }
    let errors = refused(&[("/c/root.xml", &text)]);
    assert!(errors[0].contains("a value is longer than"), "{errors:?}");

    let mut wide = String::from("<X-PRE-PROCESS cmd=\"set\" data=\"a=");
    wide += &"x".repeat(60_000);
    wide += "\"/>";
    wide += &"$${a}".repeat(2_000);
    let errors = refused(&[("/c/root.xml", &wide)]);
    assert_eq!(errors.len(), 1);
    assert!(
        errors[0].contains("the configuration is longer than"),
        "{errors:?}"
    );
}

#[test]
fn warnings_name_unset_variables_and_sleeping_directives() {
    let out = joined(&[(
        "/c/root.xml",
        "<a>\n $${none}</a>\n<!-- <X-PRE-PROCESS cmd=\"set\" data=\"x=1\"/> -->\n<X-PRE-PROCESS cmd=\"set\" data=\"y=$${x}!\"/>",
    )]);
    let warnings: Vec<_> = out.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "/c/root.xml:2:2: $${none} is not set and becomes empty",
            "/c/root.xml:3:1: the X-PRE-PROCESS inside this comment is not obeyed",
            "/c/root.xml:4:1: $${x} is not set and becomes empty",
        ]
    );
    assert_eq!(out.globals.get("y"), Some("!"));
}

#[test]
fn places_survive_everything() {
    let out = joined(&[
        (
            "/c/root.xml",
            "<X-PRE-PROCESS cmd=\"set\" data=\"v=a\nb\"/><!-- two\nlines --><r>\n  é<k x=\"$${v}\" y=\"&\"/>\n<X-PRE-PROCESS cmd=\"include\" data=\"p.xml\"/><last/>\n</r>",
        ),
        (
            "/c/p.xml",
            "<?xml version=\"1.0\"?>\n<include>\n  <mid/>\n</include>",
        ),
    ]);
    let at = |needle: &str| {
        let origin = out
            .origins
            .locate(&out.text, out.text.find(needle).unwrap());
        format!("{}:{}:{}", origin.file, origin.line, origin.column)
    };
    assert_eq!(at("<r>"), "/c/root.xml:3:10");
    assert_eq!(at("<k"), "/c/root.xml:4:4");
    assert_eq!(
        at("b\" y"),
        "/c/root.xml:4:10",
        "inside a value: where it was asked for"
    );
    assert_eq!(at("y="), "/c/root.xml:4:17");
    assert_eq!(at("amp;"), "/c/root.xml:4:20");
    assert_eq!(at("<mid"), "/c/p.xml:3:3");
    assert_eq!(at("<last"), "/c/root.xml:5:44");
    assert_eq!(at("</r>"), "/c/root.xml:6:1");
}
