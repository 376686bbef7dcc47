"""Codecs: events and documents as a store keeps them, commands as the outside world sends them.

`Codec` is for stores; `load`, `load_json`, `dump`, `json_schema` are the edge; `parse_json` is for channels.

Both are cattrs converters: `writing` and `reading` give them hooks, found by the shape of a type, that coerce nothing;
`problems` tells their errors with paths. By hand is what cattrs has not: JSON within bounds (`strict_json`), the schema,
and the arrays of plain NamedTuples (`rows`), which make up most of what is stored and are twice as fast for it.
"""

from ordercore.codec.edge import dump, load, load_json
from ordercore.codec.registry import Codec
from ordercore.codec.schema import json_schema
from ordercore.codec.strict_json import JsonValue, parse_json

__all__ = ["Codec", "JsonValue", "dump", "json_schema", "load", "load_json", "parse_json"]
