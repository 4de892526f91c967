//! The OpenAPI document, made of the tables requests are answered by (decision 0021).

use serde_json::json;

use super::shapes;
use super::table::{CONFIG, LIVE, Op, Route};
use crate::wire::{Map, Value};

/// Where everything begins.
const BASE: &str = "/communication_manager";

/// The document, version 3.1.
pub(crate) fn openapi() -> Value {
    let mut paths = Map::new();
    for (prefix, table) in [("rest/config", CONFIG), ("rest/live", LIVE)] {
        for route in table {
            for path in spelled(route.path) {
                let path = format!("{BASE}/{prefix}/{path}");
                let item = paths.entry(path.clone()).or_insert_with(|| json!({}));
                if let Value::Object(item) = item {
                    item.insert(route.method.to_ascii_lowercase(), operation(route, &path));
                }
            }
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Jackfield: Live API and Configuration API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Under api/resource/ there is the same as under rest/config/.",
        },
        "paths": paths,
        "components": {
            "schemas": shapes::named(),
            "securitySchemes": {"basic": {"type": "http", "scheme": "basic"}},
        },
        "security": [{"basic": []}],
    })
}

/// A path with its places in braces: where names stand for ids, once with every one as an id and once with every one as
/// a name.
fn spelled(pattern: &str) -> Vec<String> {
    let by_id = pattern.replace('[', "{").replace(']', "}");
    if by_id == pattern {
        return vec![by_id];
    }
    let by_name = pattern.replace('[', "getByName/{").replace(']', "}");
    vec![by_id, by_name]
}

fn operation(route: &Route, path: &str) -> Value {
    let places = path
        .split('{')
        .skip(1)
        .filter_map(|part| part.split('}').next());
    let mut parameters: Vec<Value> = places
        .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
        .collect();
    let in_query = shapes::in_query(route.op).iter();
    parameters.extend(
        in_query.map(|(name, kind)| json!({"name": name, "in": "query", "schema": {"type": kind}})),
    );
    let mut operation = json!({
        "summary": route.summary,
        "tags": [path.split('/').nth(3).unwrap_or_default()],
        "parameters": parameters,
        "responses": responses(route),
    });
    if let (Some(body), Value::Object(members)) = (shapes::body(route.op), &mut operation) {
        members.insert(
            "requestBody".to_owned(),
            json!({"content": {"application/json": {"schema": body}}}),
        );
    }
    operation
}

fn responses(route: &Route) -> Value {
    let mut responses = Map::new();
    let mut refusal = |status: &str, about: &str| {
        let text = json!({"text/plain": {"schema": {"type": "string"}}});
        let value = json!({"description": about, "content": text});
        responses.insert(status.to_owned(), value);
    };
    refusal("401", "Wrong name or password");
    refusal("403", "The address, or a page of that origin, may not ask");
    refusal("408", "The body came too slowly");
    refusal("413", "The body is too large");
    refusal("429", "Too many wrong passwords came from the address");
    if route.path.contains(['{', '[']) {
        refusal("404", "There is no such object");
    }
    if matches!(route.method, "POST" | "PUT") || route.op == Op::History {
        refusal("412", "No JSON, or something is missing or makes no sense");
    }
    match route.op {
        Op::Config(_) if matches!(route.method, "POST" | "PUT") => {
            refusal("409", "Another object has that already");
        }
        Op::Act(_) => refusal("500", "The switch refuses"),
        Op::History => refusal("503", "The search takes too long"),
        Op::Config(_) | Op::Live(_) => {}
    }
    let done = if route.method == "GET" {
        let schema = shapes::answer(route.op);
        (
            "200",
            json!({"description": "So it is", "content": {"application/json": {"schema": schema}}}),
        )
    } else {
        ("204", json!({"description": "Done"}))
    };
    responses.insert(done.0.to_owned(), done.1);
    Value::Object(responses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_in_it() {
        let document = openapi();
        let paths = document["paths"].as_object().unwrap();
        let methods: usize = paths
            .values()
            .map(|item| item.as_object().unwrap().len())
            .sum();
        let spelt = |table: &[Route]| -> usize {
            table.iter().map(|route| spelled(route.path).len()).sum()
        };
        assert_eq!(methods, spelt(CONFIG) + spelt(LIVE));
        let by_name = "/communication_manager/rest/live/coreServers/getByName/{core}/extensions/getByName/{extension}";
        assert_eq!(paths[by_name]["get"]["parameters"][1]["name"], "extension");
        let users = "/communication_manager/rest/config/core/{K}/users";
        assert_eq!(
            paths[users]["post"]["requestBody"]["content"]["application/json"]["schema"]["allOf"]
                [0]["$ref"],
            "#/components/schemas/userBody"
        );
        assert_eq!(
            document["components"]["schemas"]["user"]["properties"]["full"]["type"],
            "boolean"
        );
    }

    /// A route that is found before another one with the same method hides it.
    #[test]
    fn no_route_hides_another() {
        for table in [CONFIG, LIVE] {
            for (index, route) in table.iter().enumerate() {
                let same =
                    |other: &&Route| other.path == route.path && other.method == route.method;
                let first = table.iter().position(|other| same(&other));
                assert_eq!(first, Some(index), "{} {}", route.method, route.path);
            }
        }
    }
}
