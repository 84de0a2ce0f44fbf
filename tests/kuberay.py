"""The schemas of KubeRay's resources: cut down from its definitions, kept as data, and applied strictly.

Run as a script it writes the data anew: `python -m tests.kuberay KUBERAY_CHECKOUT VERSION`. The rules that KubeRay
writes in another language beside its schemas (CEL) and in its own code are not part of them.
"""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator

DATA = Path(__file__).parent / "contract" / "data" / "kuberay-schemas.json"
KINDS = {"RayCluster": "ray.io_rayclusters.yaml", "RayJob": "ray.io_rayjobs.yaml"}
BASES = Path("ray-operator/config/crd/bases")
SHARED_CHARACTERS = 120
"""A part that is written more than once is written once from this length on."""

Schema = dict[str, Any]


def validator(kind: str) -> Validator:
    """What the API server checks of a resource with `--validate=strict`: types, required and unknown fields."""
    data = json.loads(DATA.read_text())
    return Draft202012Validator({"$ref": f"#/$defs/{kind}", "$defs": data["$defs"]})


def reduced(crd: Schema) -> Schema:
    """The schema of version v1 of a custom resource definition, without prose, defaults and status, and closed."""
    version = next(version for version in crd["spec"]["versions"] if version["name"] == "v1")
    schema = _closed(version["schema"]["openAPIV3Schema"])
    del schema["properties"]["status"]
    schema["properties"] |= {"apiVersion": {"const": "ray.io/v1"}, "kind": {"const": crd["spec"]["names"]["kind"]}}
    schema["required"] = ["apiVersion", "kind", "metadata", "spec"]
    return schema


def _closed(schema: Schema) -> Schema:
    kept: Schema = {key: schema[key] for key in ("type", "enum", "required", "pattern") if key in schema}
    kept |= {key: value for key, value in schema.items() if key.startswith(("min", "max"))}
    kept |= {key: [_closed(part) for part in schema[key]] for key in ("anyOf", "oneOf", "allOf") if key in schema}
    kept |= {key: _closed(schema[key]) for key in ("items", "not") if key in schema}
    if "properties" in schema:
        kept["properties"] = {name: _closed(part) for name, part in schema["properties"].items()}
        kept["additionalProperties"] = bool(schema.get("x-kubernetes-preserve-unknown-fields"))
    if isinstance(schema.get("additionalProperties"), dict):
        kept["additionalProperties"] = _closed(schema["additionalProperties"])
    return kept


def shared(schemas: dict[str, Schema]) -> dict[str, Schema]:
    """The same schemas as definitions, in which parts that occur more than once are definitions too."""
    counts: Counter[str] = Counter()
    for schema in schemas.values():
        _count(schema, counts)
    texts = [text for text, count in counts.items() if count > 1 and len(text) >= SHARED_CHARACTERS]
    names = {text: f"part-{i}" for i, text in enumerate(sorted(texts))}
    definitions = {kind: _referring(schema, names, top=True) for kind, schema in schemas.items()}
    return definitions | {names[text]: _referring(json.loads(text), names, top=True) for text in sorted(texts)}


def _text(schema: object) -> str:
    return json.dumps(schema, sort_keys=True, separators=(",", ":"))


def _count(part: object, counts: Counter[str]) -> None:
    if isinstance(part, dict):
        if _is_schema(part):
            counts[_text(part)] += 1
        for value in part.values():
            _count(value, counts)
    if isinstance(part, list):
        for value in part:
            _count(value, counts)


def _is_schema(part: Schema) -> bool:
    """Schemas, and not the tables of properties inside them."""
    return isinstance(part.get("type"), str)


def _referring(part: Any, names: dict[str, str], *, top: bool = False) -> Any:
    if isinstance(part, list):
        return [_referring(value, names) for value in part]
    if not isinstance(part, dict):
        return part
    if not top and _is_schema(part) and (name := names.get(_text(part))):
        return {"$ref": f"#/$defs/{name}"}
    return {key: _referring(value, names) for key, value in part.items()}


def main(checkout: Path, version: str) -> None:
    schemas = {kind: reduced(yaml.safe_load((checkout / BASES / name).read_text())) for kind, name in KINDS.items()}
    note = {
        "source": f"https://github.com/ray-project/kuberay, {version}: {', '.join(KINDS.values())} in {BASES}",
        "licence": "Apache-2.0, the KubeRay authors",
        "changes": "version v1 only; descriptions, defaults, formats, x-kubernetes rules and status taken out; "
        "fields that the schema does not name are refused; repeated parts written once (tests/kuberay.py)",
        "version": version,
    }
    lines = [f"{json.dumps(name)}: {_text(schema)}" for name, schema in shared(schemas).items()]
    head = json.dumps(note, indent=1).removesuffix("\n}")
    DATA.write_text(head + ',\n "$defs": {\n' + ",\n".join(lines) + "\n}}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
