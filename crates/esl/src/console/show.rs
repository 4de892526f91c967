//! `show …` in every output form (event-socket.md §6.3).

use super::call::{Call, usage};
use super::modules::{MODULES, of_codec, of_endpoint};
use super::show_rows::{self, Table};
use crate::serialise::{json, xml};

const SYNTAX: &str = "codec|endpoint|application|api|dialplan|file|timer|calls [count]|\
                      channels [count|like <match string>]|calls|detailed_calls|bridged_calls|detailed_bridged_calls|\
                      aliases|complete|chat|management|modules|nat_map|say|interfaces|interface_types|tasks|limits|status";

/// How the rows are printed.
enum Form {
    Delimited(String),
    /// RFC 4180 quoting; ours.
    Quoted,
    Json,
    Xml,
}

pub(super) async fn show(call: &Call<'_>) -> String {
    let mut words = call.words();
    let form = match take_form(&mut words) {
        Ok(form) => form,
        Err(unknown) => return format!("-ERR Cannot find format {unknown}\n"),
    };
    let Some(what) = words.first().map(|word| word.to_ascii_lowercase()) else {
        return usage(SYNTAX);
    };
    let rest: Vec<&str> = words[1..].iter().map(String::as_str).collect();
    match what.as_str() {
        "status" => return super::server::status(call).await,
        "help" => {
            return super::server::help(call)
                .await
                .replacen("\nValid Commands:\n\n", "", 1);
        }
        _ => {}
    }
    let Some(mut table) = rows_of(call, &what, &rest) else {
        return usage(SYNTAX);
    };
    let countable = matches!(what.as_str(), "channels" | "calls" | "registrations");
    if countable
        && rest
            .first()
            .is_some_and(|word| word.eq_ignore_ascii_case("count"))
    {
        return count(&form, table.rows.len());
    }
    if let ["like", text, ..] = rest.as_slice() {
        table
            .rows
            .retain(|row| show_rows::matches(&table.columns, row, text));
    }
    print(&form, &table)
}

/// Takes `as <format> [<delimiter>]` off the end; a lone `as` is ignored.
fn take_form(words: &mut Vec<String>) -> Result<Form, String> {
    let Some(at) = words
        .iter()
        .position(|word| word.eq_ignore_ascii_case("as"))
    else {
        return Ok(Form::Delimited(",".to_owned()));
    };
    let form: Vec<String> = words.drain(at..).skip(1).collect();
    let Some(name) = form.first() else {
        return Ok(Form::Delimited(",".to_owned()));
    };
    match name.to_ascii_lowercase().as_str() {
        "csv" => Ok(Form::Delimited(",".to_owned())),
        "delim" => Ok(Form::Delimited(
            form.get(1).cloned().unwrap_or_else(|| ",".to_owned()),
        )),
        "csv-quoted" => Ok(Form::Quoted),
        "json" => Ok(Form::Json),
        "xml" => Ok(Form::Xml),
        _ => Err(name.clone()),
    }
}

fn rows_of(call: &Call<'_>, what: &str, rest: &[&str]) -> Option<Table> {
    let view = call.view();
    let server = &call.console.server;
    Some(match what {
        "channels" => show_rows::channels(&view, server),
        "calls" => show_rows::calls(&view, server, false),
        "bridged_calls" => show_rows::calls(&view, server, true),
        "detailed_calls" => show_rows::detailed_calls(&view, server, false),
        "detailed_bridged_calls" => show_rows::detailed_calls(&view, server, true),
        "registrations" => show_rows::registrations(&view, server),
        "tasks" => show_rows::tasks(&view, server),
        "api" => commands(call, rest.first().copied()),
        "application" | "applications" => applications(call, rest.first().copied()),
        "modules" | "module" => modules(call, rest.first().copied()),
        "interfaces" => Table::new(&["type", "name", "ikey"], interfaces(call)),
        "interface_types" => interface_types(call),
        "codec" | "codecs" | "endpoint" | "endpoints" | "dialplan" | "dialplans" | "file"
        | "files" => {
            let kind = what.trim_end_matches('s');
            Table::new(
                &["type", "name", "ikey"],
                interfaces(call)
                    .into_iter()
                    .filter(|row| row[0] == kind)
                    .collect(),
            )
        }
        "timer" | "say" | "chat" | "management" | "limits" => {
            Table::new(&["type", "name", "ikey"], Vec::new())
        }
        "aliases" => show_rows::aliases(&view, server),
        "nat_map" => Table::new(&["port", "proto", "proto_num", "sticky"], Vec::new()),
        "complete" => show_rows::completions(&view, server),
        _ => return None,
    })
}

const DESCRIBED: [&str; 4] = ["name", "description", "syntax", "ikey"];

fn commands(call: &Call<'_>, only: Option<&str>) -> Table {
    let rows = call
        .console
        .commands()
        .filter(|entry| only.is_none_or(|name| name == entry.name));
    let row = |entry: &super::Entry| {
        [entry.name, entry.description, entry.syntax, entry.module]
            .map(str::to_owned)
            .to_vec()
    };
    Table::new(&DESCRIBED, rows.map(row).collect())
}

fn applications(call: &Call<'_>, only: Option<&str>) -> Table {
    let known = call.console.switch.capabilities().applications.iter();
    let rows = known.filter(|app| only.is_none_or(|name| name == app.name));
    let row = |app: &api::capability::ApplicationInfo| {
        let module = if app.name == "conference" {
            "mod_conference"
        } else {
            "mod_dptools"
        };
        [app.name, app.description, app.syntax, module]
            .map(str::to_owned)
            .to_vec()
    };
    Table::new(&DESCRIBED, rows.map(row).collect())
}

/// Everything that has a name: type, name, module.
fn interfaces(call: &Call<'_>) -> Vec<Vec<String>> {
    let row = |kind: &str, name: &str, module: &str| {
        vec![kind.to_owned(), name.to_owned(), module.to_owned()]
    };
    let able = call.console.switch.capabilities();
    let mut rows: Vec<Vec<String>> = call
        .console
        .commands()
        .map(|entry| row("api", entry.name, entry.module))
        .collect();
    rows.extend(able.applications.iter().map(|app| {
        row(
            "application",
            app.name,
            if app.name == "conference" {
                "mod_conference"
            } else {
                "mod_dptools"
            },
        )
    }));
    rows.extend(
        able.codecs
            .iter()
            .map(|codec| row("codec", codec, of_codec(codec))),
    );
    for module in MODULES {
        rows.extend(
            module
                .dialplans
                .iter()
                .map(|dialplan| row("dialplan", dialplan, module.name)),
        );
    }
    rows.extend(
        able.endpoints
            .iter()
            .map(|endpoint| row("endpoint", endpoint, of_endpoint(endpoint))),
    );
    rows.extend(["tone_stream", "wav"].map(|file| {
        row(
            "file",
            file,
            if file == "wav" {
                "mod_sndfile"
            } else {
                "mod_tone_stream"
            },
        )
    }));
    rows
}

/// `filename` is ours: nothing is loaded from files.
fn modules(call: &Call<'_>, only: Option<&str>) -> Table {
    let mut rows = interfaces(call);
    rows.retain(|row| only.is_none_or(|name| row[2] == name));
    for row in &mut rows {
        let filename = row[2].clone();
        row.push(filename);
    }
    Table::new(&["type", "name", "ikey", "filename"], rows)
}

fn interface_types(call: &Call<'_>) -> Table {
    let mut totals: Vec<(String, usize)> = Vec::new();
    for row in interfaces(call) {
        match totals.iter_mut().find(|(kind, _)| *kind == row[0]) {
            Some((_, total)) => *total += 1,
            None => totals.push((row[0].clone(), 1)),
        }
    }
    totals.sort();
    Table::new(
        &["type", "total"],
        totals
            .into_iter()
            .map(|(kind, total)| vec![kind, total.to_string()])
            .collect(),
    )
}

fn count(form: &Form, rows: usize) -> String {
    match form {
        Form::Delimited(_) | Form::Quoted => format!("\n{rows} total.\n"),
        Form::Json => format!("{{\"row_count\":{rows},\"rows\":[]}}"),
        Form::Xml => format!("<result row_count=\"{rows}\"></result>\n"),
    }
}

fn print(form: &Form, table: &Table) -> String {
    match form {
        Form::Delimited(delimiter) => delimited(table, delimiter, |value| value.to_owned()),
        Form::Quoted => delimited(table, ",", quoted),
        Form::Json => as_json(table),
        Form::Xml => as_xml(table),
    }
}

fn delimited(table: &Table, delimiter: &str, value: impl Fn(&str) -> String) -> String {
    let mut out = String::new();
    if !table.rows.is_empty() {
        out.push_str(&table.columns.join(delimiter));
        out.push('\n');
    }
    for row in &table.rows {
        let values: Vec<String> = row.iter().map(|column| value(column)).collect();
        out.push_str(&values.join(delimiter));
        out.push('\n');
    }
    out.push_str(&format!("\n{} total.\n", table.rows.len()));
    out
}

fn quoted(value: &str) -> String {
    if value.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", value.replace('"', "\"\""))
    } else {
        value.to_owned()
    }
}

/// An empty result is written differently from a full one (event-socket.md §6.3).
fn as_json(table: &Table) -> String {
    if table.rows.is_empty() {
        return "{\"row_count\": 0}\n".to_owned();
    }
    let mut out = format!("{{\"row_count\":{},\"rows\":[", table.rows.len()).into_bytes();
    for (index, row) in table.rows.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b"{" } else { b",{" });
        for (column, (name, value)) in table.columns.iter().zip(row).enumerate() {
            if column > 0 {
                out.push(b',');
            }
            json::write_string(&mut out, name);
            out.push(b':');
            json::write_string(&mut out, value);
        }
        out.push(b'}');
    }
    out.extend_from_slice(b"]}");
    String::from_utf8(out).expect("JSON of texts is text")
}

fn as_xml(table: &Table) -> String {
    if table.rows.is_empty() {
        return "<result row_count=\"0\"/>\n".to_owned();
    }
    let mut out = format!("<result row_count=\"{}\">\n", table.rows.len()).into_bytes();
    for (index, row) in table.rows.iter().enumerate() {
        out.extend_from_slice(format!("  <row row_id=\"{}\">\n", index + 1).as_bytes());
        for (name, value) in table.columns.iter().zip(row) {
            out.extend_from_slice(format!("    <{name}>").as_bytes());
            xml::write_text(&mut out, value);
            out.extend_from_slice(format!("</{name}>\n").as_bytes());
        }
        out.extend_from_slice(b"  </row>\n");
    }
    out.extend_from_slice(b"</result>\n");
    String::from_utf8(out).expect("XML of texts is text")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        Table::new(&["name", "dest"], vec![vec!["a,b".into(), "<1>".into()]])
    }

    #[test]
    fn the_recorded_forms() {
        // golden show-zero-formats, show-two-formats
        let empty = Table::new(&["name"], Vec::new());
        assert_eq!(print(&Form::Delimited(",".into()), &empty), "\n0 total.\n");
        assert_eq!(print(&Form::Json, &empty), "{\"row_count\": 0}\n");
        assert_eq!(print(&Form::Xml, &empty), "<result row_count=\"0\"/>\n");
        assert_eq!(count(&Form::Json, 2), "{\"row_count\":2,\"rows\":[]}");
        assert_eq!(count(&Form::Xml, 2), "<result row_count=\"2\"></result>\n");
        assert_eq!(
            print(&Form::Delimited("|".into()), &table()),
            "name|dest\na,b|<1>\n\n1 total.\n"
        );
        assert_eq!(
            print(&Form::Json, &table()),
            r#"{"row_count":1,"rows":[{"name":"a,b","dest":"<1>"}]}"#
        );
        assert_eq!(
            print(&Form::Xml, &table()),
            "<result row_count=\"1\">\n  <row row_id=\"1\">\n    <name>a,b</name>\n    <dest>&lt;1&gt;</dest>\n  </row>\n</result>\n"
        );
    }

    #[test]
    fn our_own_quoting() {
        assert_eq!(
            print(&Form::Quoted, &table()),
            "name,dest\n\"a,b\",<1>\n\n1 total.\n"
        );
    }

    #[test]
    fn formats_are_found_behind_as() {
        let form = |text: &str| take_form(&mut crate::splitter::split(text, 9));
        assert!(matches!(form("channels as JSON"), Ok(Form::Json)));
        assert!(matches!(form("channels json"), Ok(Form::Delimited(d)) if d == ","));
        assert!(matches!(form("channels as delim |"), Ok(Form::Delimited(d)) if d == "|"));
        assert!(matches!(form("channels as"), Ok(Form::Delimited(_))));
        assert_eq!(form("channels as yaml").err().as_deref(), Some("yaml"));
    }
}
