"""Codecs: events and documents as a store keeps them, commands as the outside world sends them.

`Codec` is for stores; `load`, `load_json`, `dump`, `json_schema` are the edge; `parse_json` is for channels.
"""

from ordercore.codec.edge import dump, load, load_json
from ordercore.codec.registry import Codec
from ordercore.codec.schema import json_schema
from ordercore.codec.strict_json import JsonValue, parse_json

__all__ = ["Codec", "JsonValue", "dump", "json_schema", "load", "load_json", "parse_json"]
