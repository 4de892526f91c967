//! Every transcript in the repository can be read, and every row of the table of differences names one.

use jackfield_testkit::golden::{Differences, Transcript};
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../golden/event-socket")
}

fn transcripts() -> Vec<Transcript> {
    let entries = std::fs::read_dir(folder()).expect("the folder is in the repository");
    let paths = entries.map(|entry| entry.expect("a readable folder").path());
    let texts = paths.filter(|path| path.extension().is_some_and(|ending| ending == "txt"));
    texts
        .map(|path| {
            let name = path
                .file_stem()
                .expect("a file has a name")
                .to_string_lossy()
                .into_owned();
            let text = std::fs::read_to_string(&path).expect("a readable file");
            Transcript::parse(&name, &text).unwrap_or_else(|problem| panic!("{problem}"))
        })
        .collect()
}

#[test]
fn all_transcripts_are_understood() {
    let all = transcripts();
    assert!(all.len() > 80, "only {} transcripts", all.len());
    for transcript in &all {
        assert!(
            !transcript.about.is_empty(),
            "{} does not say what it shows",
            transcript.name
        );
        assert!(transcript.steps.len() > 2, "{} is empty", transcript.name);
    }
}

#[test]
fn every_row_of_the_differences_can_be_used() {
    let text = std::fs::read_to_string(folder().join("DIFFERENCES.md")).expect("a readable file");
    let differences = Differences::parse(&text);
    assert!(!differences.rows().is_empty());
    let names: Vec<String> = transcripts()
        .into_iter()
        .map(|transcript| transcript.name)
        .collect();
    for row in differences.rows() {
        let start = row.transcripts.split('*').next().unwrap_or_default();
        assert!(
            names.iter().any(|name| name.starts_with(start)),
            "no transcript {}",
            row.transcripts
        );
        assert!(!row.why.is_empty(), "{} has no reason", row.what);
    }
}
