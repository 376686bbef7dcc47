"""The table carrier keeps the rules of docs/carriers.md."""

import json
import tomllib
from pathlib import Path
from typing import ClassVar

from attrs import evolve

from ordercore.ports import ParcelFacts, Transmission
from ordercore.testing.carrier_suite import CarrierSuite
from ordercore_tablecarrier import ordercore_register_carriers, sign

(KIND,) = ordercore_register_carriers()


class TestTableCarrier(CarrierSuite):
    rate = idempotent = void = manifest = track_push = True
    kind = KIND
    settings: ClassVar = tomllib.loads(Path(__file__).with_name("table.toml").read_text())
    service = "standard"

    def impossible(self):
        return (*super().impossible(), evolve(self.request(), parcel=ParcelFacts(99_000)))

    def report(self, updates):
        events = [
            {
                "number": one.tracking,
                "code": one.status.upper(),
                "at": one.occurred_at.isoformat(),
                "place": one.location,
            }
            for one in updates
        ]
        body = json.dumps({"events": events}).encode()
        return Transmission("parcels", "application/json", body, {"x-signature": sign(body, "s3cret")})
