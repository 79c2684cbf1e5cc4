//! The description of the interface, made of its table: `docs/openapi.json`.

use super::{Endpoint, endpoints};
use crate::console::Needs;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// OpenAPI 3.1.
pub(super) fn description() -> Value {
    let settings = SchemaSettings::draft2020_12()
        .with(|settings| settings.definitions_path = "/components/schemas".into());
    let mut generator = settings.into_generator();
    let mut paths = Map::new();
    for endpoint in endpoints() {
        let path = paths.entry(endpoint.route.path).or_insert_with(|| json!({}));
        path[endpoint.route.method.to_lowercase()] = operation(&endpoint, &mut generator);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Bartizan",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0 OR MIT", "identifier": "Apache-2.0 OR MIT" },
            "description": "What the console shows, for programs. `bartizan console token add NAME` makes a token. \
                Times are seconds since 1970. Texts are as they stood in logs: show them with care.",
        },
        "servers": [{ "url": "http://127.0.0.1:1518" }],
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "schemas": generator.take_definitions(true),
        },
    })
}

fn operation(endpoint: &Endpoint, generator: &mut SchemaGenerator) -> Value {
    let route = &endpoint.route;
    let needs = match route.needs {
        Needs::Administrator => "For administrators.",
        Needs::Reader | Needs::Nobody => "For readers and administrators.",
    };
    let names = route.path.split(['{', '}']).skip(1).step_by(2);
    let of_path = names.map(|name| {
        json!({ "name": name, "in": "path", "required": true, "schema": { "type": "integer", "minimum": 0 } })
    });
    let of_query = endpoint.parameters.iter().map(|(name, about)| {
        json!({ "name": name, "in": "query", "description": about, "schema": { "type": "string" } })
    });
    let mut operation = json!({
        "summary": route.about,
        "description": needs,
        "parameters": of_path.chain(of_query).collect::<Vec<_>>(),
        "responses": {
            "200": { "description": route.about, "content": content((endpoint.answer)(generator).into()) },
            "default": { "description": "Why not", "content": content(json!({
                "type": "object",
                "properties": { "error": { "type": "string" } },
                "required": ["error"],
            })) },
        },
    });
    if let Some(body) = endpoint.body {
        operation["requestBody"] = json!({ "required": true, "content": content(body(generator).into()) });
    }
    operation
}

fn content(schema: Value) -> Value {
    json!({ "application/json": { "schema": schema } })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// With `BARTIZAN_BLESS` set the file is written anew.
    #[test]
    fn the_description_is_that_of_the_interface() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
        let now = serde_json::to_string_pretty(&description()).expect("JSON") + "\n";
        if std::env::var_os("BARTIZAN_BLESS").is_some() {
            std::fs::write(&file, &now).expect("written");
        }
        let written = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(written == now, "run this test with BARTIZAN_BLESS=1 and look at what has changed");
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let description = description();
        let text = description.to_string();
        for reference in text.split("\"$ref\":\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(description.pointer(reference).is_some(), "{reference}");
        }
        assert!(
            text.contains("AlertLine") && description["paths"].as_object().is_some_and(|all| all.len() > 10)
        );
    }
}
