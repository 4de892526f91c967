//! `jackfield check`.

mod support;

use support::{Folder, check, program, text};

#[test]
fn the_built_in_configuration_is_sound() {
    let output = program().arg("check").output().unwrap();
    assert!(output.status.success());
    assert_eq!(text(&output.stdout), "No errors, 0 notes.\n");
}

#[test]
fn every_error_is_named_with_its_place() {
    let folder = Folder::new(&[
        (
            "jackfield.toml",
            "[xml]\nroot = \"fs.xml\"\n[media]\nport_rang = \"1-2\"\n",
        ),
        (
            "fs.xml",
            "<document><section name=\"dialplan\"><context name=\"a\"><extension name=\"x\">\n\
             <condition field=\"destination_number\" expression=\"^(1$\"/>\n\
             </extension></context></section>\n<section name=\"directory\"><domain/></section></document>",
        ),
    ]);
    let output = check(&folder);
    assert_eq!(output.status.code(), Some(1));
    let printed = text(&output.stdout).replace(&format!("{}/", folder.0.display()), "");
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines.len(), 4, "{printed}");
    assert_eq!(
        lines[0],
        "error: jackfield.toml:4:1: media.port_rang: unknown key, did you mean port_range?"
    );
    assert!(
        lines[1].starts_with("error: fs.xml:2:51: expression \"^(1$\""),
        "{printed}"
    );
    assert_eq!(lines[2], "error: fs.xml:4:27: a domain has no name");
    assert_eq!(lines[3], "3 errors.");
    // The same is said instead of starting.
    let config = folder.0.join("jackfield.toml");
    let output = program().arg("--config").arg(config).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).ends_with("Not started: 3 errors in the configuration.\n"));
}

#[test]
fn what_has_no_effect_is_noted() {
    let folder = Folder::new(&[
        ("jackfield.toml", "[xml]\nroot = \"fs.xml\"\n"),
        (
            "fs.xml",
            "<document><section name=\"dialplan\"><context name=\"a\"><extension name=\"x\">\n\
             <condition>\n<action application=\"answer\"/>\n<action application=\"teleport\"/>\n</condition>\n\
             </extension></context></section></document>",
        ),
    ]);
    let output = check(&folder);
    let printed = text(&output.stdout);
    assert!(output.status.success(), "{printed}");
    assert!(
        printed.contains("fs.xml:4:22: application teleport is not there"),
        "{printed}"
    );
    assert!(printed.ends_with("No errors, 1 note.\n"), "{printed}");
}
