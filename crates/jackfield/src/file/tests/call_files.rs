//! `cdr_csv.conf` and `xml_cdr.conf`.

use super::*;

#[test]
fn files_of_call_records_are_those_of_the_original() {
    let csv = |settings: &str| {
        let text = format!(
            "<document><section name=\"configuration\"><configuration name=\"cdr_csv.conf\"><settings>{settings}</settings>\
             <templates><template name=\"mine\">${{uuid}}</template></templates></configuration></section></document>"
        );
        let files = [
            ("x/freeswitch.xml", text.as_str()),
            ("jackfield.toml", "[xml]\nroot = \"x/freeswitch.xml\""),
        ];
        Folder::new(&files).load()
    };
    let loaded =
        csv("<param name=\"log-base\" value=\"/var/log\"/><param name=\"legs\" value=\"ab\"/>")
            .unwrap();
    let files = loaded.settings.call_files.csv.unwrap();
    assert_eq!(files.folder, Path::new("/var/log/cdr-csv"));
    assert!(files.a_legs && files.b_legs && !files.rotate && !files.master_only);
    assert_eq!(files.template, files.templates["default"]);
    check_errors(
        csv("<param name=\"legs\" value=\"c\"/>"),
        &["x/freeswitch.xml:1:86: legs: expected a, b or ab"],
    );
    let lacking = csv("<param name=\"default-template\" value=\"other\"/>").unwrap();
    assert!(
        lacking
            .notes
            .iter()
            .any(|note| note.to_string().contains("no template \"other\""))
    );
}

#[test]
fn records_that_would_be_posted_are_refused() {
    let xml = |settings: &str| {
        let text = format!(
            "<document><section name=\"configuration\"><configuration name=\"xml_cdr.conf\"><settings>{settings}</settings>\
             </configuration></section></document>"
        );
        let files = [
            ("x/freeswitch.xml", text.as_str()),
            ("jackfield.toml", "[xml]\nroot = \"x/freeswitch.xml\""),
        ];
        Folder::new(&files).load()
    };
    let posted = xml(
        "<param name=\"url\" value=\"http://localhost/\"/><param name=\"log-dir\" value=\"\"/>",
    );
    check_errors(
        posted,
        &["x/freeswitch.xml:1:86: url: records are not posted"],
    );
    assert!(
        xml("<param name=\"prefix-a-leg\" value=\"true\"/>")
            .unwrap()
            .settings
            .call_files
            .xml
            .is_none()
    );
    let files = xml("<param name=\"log-dir\" value=\"\"/>")
        .unwrap()
        .settings
        .call_files
        .xml
        .unwrap();
    assert!(files.folder.ends_with("log/xml_cdr") && files.b_legs && !files.prefix_a_leg);
}
