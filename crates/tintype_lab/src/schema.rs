//! The part of JSON Schema that docs/format/bench.schema.json uses: a small validator for tests.
//!
//! Known keywords: `type`, `const`, `enum`, `minimum`, `maximum`, `properties`, `required`,
//! `additionalProperties` (false), `items`, `oneOf`, `$ref` into `#/$defs`. Any other keyword
//! is itself a fault.

use serde_json::{Map, Value};

/// Keywords that say nothing of a value.
const SILENT: [&str; 5] = ["$schema", "$defs", "title", "description", "$id"];

/// Where and how `value` breaks `schema`; empty where it keeps it.
pub fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    check(schema, schema, value, "", &mut faults);
    faults
}

fn check(root: &Value, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    let Some(keywords) = schema.as_object() else {
        faults.push(format!("{at}: the schema is no object"));
        return;
    };
    for (keyword, rule) in keywords {
        let holds = match keyword.as_str() {
            "type" => is_of_type(rule, value),
            "const" => rule == value,
            "enum" => rule.as_array().is_some_and(|values| values.contains(value)),
            "minimum" => value.as_f64().is_none_or(|number| rule.as_f64() <= Some(number)),
            "maximum" => value.as_f64().is_none_or(|number| rule.as_f64() >= Some(number)),
            "required" => has_all(rule, value),
            "oneOf" => rule.as_array().is_some_and(|rules| matches_one(root, rules, value)),
            "additionalProperties" => *rule == Value::Bool(false) && has_no_other(keywords, value),
            "$ref" => {
                match definition(root, rule) {
                    Some(schema) => check(root, schema, value, at, faults),
                    None => faults.push(format!("{at}: no definition {rule}")),
                }
                true
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, rule, item, &format!("{at}/{index}"), faults);
                }
                true
            }
            "properties" => {
                for (name, rule) in rule.as_object().into_iter().flatten() {
                    if let Some(member) = value.get(name) {
                        check(root, rule, member, &format!("{at}/{name}"), faults);
                    }
                }
                true
            }
            other => SILENT.contains(&other),
        };
        if !holds {
            faults.push(format!("{at}: {value} breaks {keyword} {rule}"));
        }
    }
}

fn is_of_type(rule: &Value, value: &Value) -> bool {
    let is = |name: &str| match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => false,
    };
    match rule {
        Value::String(name) => is(name),
        Value::Array(names) => names.iter().filter_map(Value::as_str).any(is),
        _ => false,
    }
}

fn has_all(names: &Value, value: &Value) -> bool {
    names.as_array().into_iter().flatten().all(|name| {
        let name = name.as_str().unwrap_or_default();
        value.as_object().is_none_or(|object| object.contains_key(name))
    })
}

fn has_no_other(keywords: &Map<String, Value>, value: &Value) -> bool {
    let known = keywords.get("properties").and_then(Value::as_object);
    let mut names = value.as_object().into_iter().flat_map(Map::keys);
    names.all(|name| known.is_some_and(|known| known.contains_key(name)))
}

fn matches_one(root: &Value, rules: &[Value], value: &Value) -> bool {
    let keeps = |rule: &&Value| {
        let mut faults = Vec::new();
        check(root, rule, value, "", &mut faults);
        faults.is_empty()
    };
    rules.iter().filter(keeps).count() == 1
}

fn definition<'a>(root: &'a Value, reference: &Value) -> Option<&'a Value> {
    let name = reference.as_str()?.strip_prefix("#/$defs/")?;
    root.get("$defs")?.get(name)
}

mod tests {
    use super::faults;
    use serde_json::json;

    #[test]
    fn each_keyword_is_checked() {
        let schema = json!({
            "type": "object", "required": ["a"], "additionalProperties": false,
            "properties": {
                "a": {"type": "integer", "minimum": 1, "maximum": 3},
                "b": {"type": "array", "items": {"$ref": "#/$defs/name"}},
                "c": {"oneOf": [{"type": "null"}, {"const": 7}]},
            },
            "$defs": {"name": {"enum": ["x", "y"]}},
        });
        assert_eq!(faults(&schema, &json!({"a": 2, "b": ["x"], "c": null})).len(), 0);
        let broken = [
            json!([]),
            json!({}),
            json!({"a": 4}),
            json!({"a": 0}),
            json!({"a": 1.5}),
            json!({"a": 1, "b": ["z"]}),
            json!({"a": 1, "c": 8}),
            json!({"a": 1, "d": 1}),
        ];
        for value in broken {
            assert_eq!(faults(&schema, &value).len(), 1, "{value}");
        }
        assert_eq!(faults(&json!({"pattern": "x"}), &json!("y")).len(), 1);
    }
}
