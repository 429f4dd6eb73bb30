"""The parameters as a JSON Schema, for editors and for messages."""

from typing import Any

from langsig.parameters.problems import KeyPath


def part_of(schema: dict[str, Any], path: KeyPath) -> dict[str, Any]:
    """The part of a JSON Schema that describes the value at a path."""
    part = _resolved(schema, schema)
    for key in path:
        if isinstance(key, int):
            part = part.get("items", {})
        else:
            of_names = next(iter(part.get("patternProperties", {}).values()), None)
            others = of_names or part.get("additionalProperties", {})
            part = part.get("properties", {}).get(key, others)
        part = _resolved(part, schema)
    return part


def allowed(part: dict[str, Any]) -> str:
    """The values that a JSON Schema allows, in words, such as "an integer of at least 1"."""
    if "anyOf" in part:
        return " or ".join(allowed(option) for option in part["anyOf"])
    if "enum" in part:
        return "one of " + ", ".join(map(str, part["enum"]))
    if "const" in part:
        return str(part["const"])
    kind = part.get("type")
    if kind in ("integer", "number"):
        return ("an integer" if kind == "integer" else "a number") + _range(part)
    if kind == "array":
        count = "one or more " if part.get("minItems") == 1 else ""
        different = "different " if part.get("uniqueItems") else ""
        return f"a list of {count}{different}values, each {allowed(part.get('items', {}))}"
    names = {
        "boolean": "true or false",
        "string": "text",
        "null": "null",
        "object": "a mapping",
    }
    text = names.get(str(kind), "a value")
    if part.get("minProperties"):
        text += f" with at least {part['minProperties']} keys"
    if kind == "object" and "properties" in part:
        text += f" with the keys {', '.join(part['properties'])}"
    return text


def _range(part: dict[str, Any]) -> str:
    low, high = part.get("minimum"), part.get("maximum")
    above, below = part.get("exclusiveMinimum"), part.get("exclusiveMaximum")
    lower = f"of at least {low}" if low is not None else f"above {above}"
    upper = f"at most {high}" if high is not None else f"below {below}"
    has_lower, has_upper = (low, above) != (None, None), (high, below) != (None, None)
    if has_lower and has_upper:
        return f" {lower} and {upper}"
    return f" {lower}" if has_lower else f" of {upper}" if has_upper else ""


def _resolved(part: Any, schema: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference to a definition; ``additionalProperties: false`` becomes empty."""
    resolved: dict[str, Any] = part if isinstance(part, dict) else {}
    while "$ref" in resolved:
        resolved = schema["$defs"][resolved["$ref"].rpartition("/")[2]]
    return resolved
