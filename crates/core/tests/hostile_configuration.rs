//! Configuration text that nobody wrote on purpose: mutations of the real thing, soup of its pieces, and shapes
//! that make careless readers slow. Nothing may panic, and nothing may take long.

use std::time::{Duration, Instant};

use jackfield_core::config_xml::{
    self, BUILT_IN_ROOT, Configuration, Files, Globals, TextFiles, built_in,
};
use jackfield_core::{dialplan, directory};
use proptest::prelude::*;

/// Pieces that mean something to one of the readers.
const PIECES: &[&str] = &[
    "<",
    ">",
    "/>",
    "</",
    "\"",
    "'",
    "&",
    "&amp;",
    ";",
    "\n",
    " ",
    "=",
    "$",
    "$${",
    "${",
    "}",
    "(",
    ")",
    "<!--",
    "-->",
    "<!--#set \"",
    "<![CDATA[",
    "]]>",
    "<?xml?>",
    "<!DOCTYPE a>",
    "<include>",
    "</include>",
    "<X-PRE-PROCESS cmd=\"set\" data=\"a=b\"/>",
    "<X-PRE-PROCESS cmd=\"include\" data=\"*.xml\"/>",
    "<X-PRE-PROCESS cmd=\"include\" data=\"other/*.xml\"/>",
    "<X-PRE-PROCESS ",
    "cmd=\"",
    "data=\"a=$${a}$${a}\"",
    "<section name=\"dialplan\">",
    "<section name=\"directory\">",
    "</section>",
    "<context name=\"a\">",
    "</context>",
    "<extension name=\"x\" continue=\"true\">",
    "</extension>",
    "<condition field=\"uuid\" expression=\"^(1)(\\d+)$\">",
    "<condition regex=\"any\">",
    "<regex field=\"${a}\" expression=\"a|b\"/>",
    "</condition>",
    "<condition hour=\"22-6\"/>",
    "<action application=\"set\" data=\"a=$1${b}\" inline=\"1\"/>",
    "<anti-action application=\"a\"/>",
    "<domain name=\"d\">",
    "</domain>",
    "<group name=\"g\">",
    "</group>",
    "<user id=\"1\"/>",
    "<user id=\"1\" type=\"pointer\"/>",
    "<params>",
    "</params>",
    "<param name=\"a\" value=\"b\"/>",
    "é",
    "\u{0}",
];

fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..60).prop_map(|pieces| pieces.concat())
}

/// All files of the built-in configuration as one text without includes.
fn built_in_text() -> String {
    let files = built_in();
    let texts = files
        .paths()
        .map(|path| files.read(path).expect("a path it named"));
    texts.collect::<Vec<_>>().concat()
}

fn read_everything(bytes: &[u8]) {
    config_xml::fuzz_entry(bytes);
    dialplan::fuzz_entry(bytes);
    directory::fuzz_entry(bytes);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn soup_is_survived(text in soup()) {
        read_everything(text.as_bytes());
    }

    #[test]
    fn noise_is_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read_everything(&bytes);
    }

    #[test]
    fn damage_is_survived(cut in 0.0..1.0_f64, length in 0_usize..40, insert in soup()) {
        let text = built_in_text();
        let mut from = ((text.len() as f64) * cut) as usize;
        while !text.is_char_boundary(from) {
            from -= 1;
        }
        let mut to = (from + length).min(text.len());
        while !text.is_char_boundary(to) {
            to += 1;
        }
        // A window around the damage keeps the cases quick.
        let start = text[..from].rfind("<extension").or_else(|| text[..from].rfind("<user")).unwrap_or(0);
        let end = (to + 600..text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len());
        let piece = format!("<context name=\"c\">{}{insert}{}</context>", &text[start..from], &text[to.min(end)..end]);
        read_everything(piece.as_bytes());
    }

    /// Every complaint about a damaged file names a line that the file has.
    #[test]
    fn complaints_stay_inside_the_file(insert in soup(), at in 0.0..1.0_f64) {
        let files = built_in();
        let path = "/built-in/dialplan/default.xml";
        let mut text = files.read(path.as_ref()).expect("it is built in");
        let mut place = ((text.len() as f64) * at) as usize;
        while !text.is_char_boundary(place) {
            place -= 1;
        }
        text.insert_str(place, &insert);
        let lines = u32::try_from(text.lines().count()).expect("a small file");
        let mut damaged = built_in();
        damaged.insert(path, text);
        if let Err(errors) = Configuration::load(&damaged, BUILT_IN_ROOT.as_ref(), Globals::new()) {
            prop_assert!(!errors.is_empty());
            for error in errors.iter().filter(|error| *error.file == *path) {
                prop_assert!((1..=lines + 1).contains(&error.line), "{error}");
            }
        }
    }
}

#[test]
fn awkward_shapes_stay_quick() {
    const MANY: usize = 20_000;
    let shapes = [
        "$${".repeat(MANY),
        "${".repeat(MANY),
        "&".repeat(MANY),
        "<".repeat(MANY),
        "<!--".repeat(MANY),
        "<!-- -->".repeat(MANY),
        "<include ".repeat(MANY),
        "<X-PRE-PROCESS ".repeat(MANY),
        "<X-PRE-PROCESS >".repeat(MANY),
        "<X-PRE-PROCESS a='".repeat(MANY),
        "<X-PRE-PROCESS cmd=\"set\" data=\"a=b\"></X-PRE-PROCESS>".repeat(MANY / 4),
        "<X-PRE-PROCESS cmd=\"include\" data=\"*.xml\"/>".repeat(MANY / 4),
        "<a>".repeat(MANY),
        "<a>".repeat(MANY) + &"</a>".repeat(MANY),
        format!("<context name=\"a\">{}</context>", "<b/>".repeat(MANY)),
        format!("<domain name=\"a\">{}</domain>", "<user/>".repeat(MANY)),
        format!(
            "<domain name=\"a\">{}</domain>",
            "<user id=\"1\"/>".repeat(MANY)
        ),
    ];
    for shape in shapes {
        let begin = Instant::now();
        read_everything(shape.as_bytes());
        let head = shape.get(..40).unwrap_or_default();
        assert!(
            begin.elapsed() < Duration::from_secs(60),
            "{head}… took {:?}",
            begin.elapsed()
        );
    }
}

/// Files that include each other in every order: the number of paths grows as a factorial, the work must not.
#[test]
fn includes_of_everything_by_everything_end() {
    let mut files = TextFiles::new();
    for name in 0..12 {
        let text = format!(
            "<X-PRE-PROCESS cmd=\"include\" data=\"*.xml\"/>{}",
            "x".repeat(1_000)
        );
        files.insert(format!("/c/{name}.xml"), text);
    }
    let begin = Instant::now();
    let errors = Configuration::load(&files, "/c/0.xml".as_ref(), Globals::new())
        .expect_err("files that include themselves are refused");
    assert!(
        errors
            .iter()
            .all(|error| error.message.contains("includes itself")),
        "{}",
        errors[0]
    );
    assert!(
        begin.elapsed() < Duration::from_secs(60),
        "took {:?}",
        begin.elapsed()
    );
}
